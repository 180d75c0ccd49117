"""Sessions of PostgreSQL: set alike by every way to connect, across a pooler too, or refused in words."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from ledger import Busy, Entry, Ledger, Misconfigured, Unreachable
from ledger.database import Database
from ledger.postgres import settings
from tests.clock import Clock
from tests.outside import connected, count
from tests.postgres import Postgres

DAY = "2026-02-01"
HAVE = ("transaction_read_only", "lock_timeout", "synchronous_commit", "TimeZone")
SEARCH_PATH = "options=-csearch_path%3Dtraining"
DROPPED = (
    "a pooler in between drops such settings: connect to the server itself, or give them to the login "
    "(alter role NAME in database DATABASE set search_path = SCHEMA)"
)

Message = tuple[bytes, bytes]
"""What a server says: its kind, one letter, and the rest."""


def allocation(tpp: int = 1) -> Entry:
    return Entry.model_validate({"kind": "allocate", "country": "AE", "effective_on": DAY, "tpp": tpp})


def opened(url: str, busy_seconds: float = 10) -> Ledger:
    return Ledger.open(url, clock=Clock(DAY), busy_seconds=busy_seconds)


@pytest.fixture(name="url")
def _url(postgres: Postgres) -> Iterator[str]:
    """A database with a ledger of one entry, whose own settings are none that a ledger would have."""
    url = postgres.create()
    with Ledger.init(url, opening=False, clock=Clock(DAY)) as ledger:
        ledger.post(allocation())
    with connected(url) as owner:
        # The last one, so that a test fails, and does not wait for ever, where lock_timeout is not set.
        for setting in ("synchronous_commit = off", "timezone = 'Asia/Tokyo'", "statement_timeout = '1min'"):
            owner.exec_driver_sql(f'alter database "{make_url(url).database}" set {setting}')
    yield url
    postgres.drop(url)


@pytest.fixture(name="training")
def _training(url: str) -> str:
    """The URL of a second ledger in that database, of three entries, in a schema of its own."""
    with connected(url) as owner:
        owner.exec_driver_sql("create schema training")
    training = f"{url}&{SEARCH_PATH}"
    with Ledger.init(training, opening=False, clock=Clock(DAY)) as ledger:
        ledger.post(allocation(), allocation(), allocation())
    return training


# --- a pooler -------------------------------------------------------------------------------------


def as_it_is(kind: bytes, body: bytes) -> Message:
    return kind, body


def with_a_key_of_its_own(kind: bytes, body: bytes) -> Message:
    """As pgbouncer, whose clients are not told which process of the server serves them."""
    return kind, bytes([0x7F, 1, 2, 3]) + body[4:] if kind == b"K" else body


def calls_itself(version: str) -> Callable[[bytes, bytes], Message]:
    def say(kind: bytes, body: bytes) -> Message:
        told = kind == b"S" and body.startswith(b"server_version\0")
        return kind, b"server_version\0" + version.encode() + b"\0" if told else body

    return say


class Pooler:
    """What stands between a client and a server: it connects without the options that a client asks for."""

    def __init__(self, server: str, rewrite: Callable[[bytes, bytes], Message]) -> None:
        self._server, self._rewrite = server, rewrite

    def serve(self, listener: socket.socket, held: ExitStack) -> None:
        with suppress(OSError):  # until the listener is closed
            while True:
                client = held.enter_context(listener.accept()[0])
                server = held.enter_context(socket.socket(socket.AF_UNIX))
                threading.Thread(target=self._between, args=(client, server), daemon=True).start()

    def _between(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            startup = read(client, int.from_bytes(read(client, 4)) - 4)
            words = startup[4:].rstrip(b"\0").split(b"\0")
            kept = [pair for pair in zip(words[::2], words[1::2], strict=True) if pair[0] != b"options"]
            body = startup[:4] + b"".join(name + b"\0" + value + b"\0" for name, value in kept) + b"\0"
            server.connect(self._server)
            server.sendall((len(body) + 4).to_bytes(4) + body)
            kind = b""
            while kind not in (b"Z", b"E"):  # ready for queries, or an error
                kind = read(server, 1)
                kind, body = self._rewrite(kind, read(server, int.from_bytes(read(server, 4)) - 4))
                client.sendall(kind + (len(body) + 4).to_bytes(4) + body)
            threading.Thread(target=pass_on, args=(client, server), daemon=True).start()
            pass_on(server, client)


def read(source: socket.socket, size: int) -> bytes:
    """So many bytes. Raises ConnectionError where they do not come."""
    data = b""
    while len(data) < size:
        more = source.recv(size - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


def pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@contextmanager
def pooled(url: str, rewrite: Callable[[bytes, bytes], Message] = with_a_key_of_its_own) -> Iterator[str]:
    """The URL of a database through a pooler that drops options."""
    folder = str(make_url(url).query["host"])
    with ExitStack() as held:
        below = Path(folder, "pooler")
        below.mkdir()
        held.callback(below.rmdir)
        place = below / ".s.PGSQL.5432"
        listener = held.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(place))
        held.callback(place.unlink)
        listener.listen()
        pooler = Pooler(f"{folder}/.s.PGSQL.5432", rewrite)
        threading.Thread(target=pooler.serve, args=(listener, held), daemon=True).start()
        held.callback(listener.shutdown, socket.SHUT_RDWR)
        yield url.replace(folder, str(below))


@contextmanager
def direct(url: str) -> Iterator[str]:
    yield url


def has(connection: Any, *names: str) -> tuple[Any, ...]:
    return tuple(
        connection.execute("select current_setting(%s)", [name]).fetchone()[0] for name in names or HAVE
    )


@pytest.mark.parametrize("way", [direct, pooled])
def test_a_session_is_the_same_across_a_pooler(way: Callable[[str], Any], url: str) -> None:
    with way(url) as there:
        database = Database(there, 2.5)
        with closing(database.connect_reader()) as reader, closing(database.connect_writer()) as writer:
            assert has(reader) == ("on", "2500ms", "on", "UTC")
            assert has(writer) == ("off", "2500ms", "on", "UTC")
            for _ in range(2):  # in each transaction anew
                with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                    reader.execute("delete from balance")
                reader.rollback()


@pytest.mark.parametrize(("way", "prepared"), [(direct, True), (pooled, False)])
def test_statements_have_names_only_where_one_process_of_the_server_hears_them_all(
    way: Callable[[str], Any], url: str, *, prepared: bool
) -> None:
    with way(url) as there, closing(Database(there, 1).connect_writer()) as connection:
        cursor = connection.cursor()
        for _ in range(10):
            cursor.execute("select seq from entry where seq = %s", [1])
        cursor.executemany("select seq from entry where tpp = %s", [(1,), (2,)])
        assert (connection.execute("select name from pg_prepared_statements").fetchall() != []) is prepared


def test_a_ledger_is_asked_and_posted_to_across_a_pooler(url: str) -> None:
    with pooled(url) as there, opened(there) as ledger:
        for _ in range(8):
            ledger.post(allocation())
        assert ledger.headroom("AE").rows()[0]["headroom_tpp"] == 9
        assert ledger.verify().rows() == []


# --- what a session is asked to be ------------------------------------------------------------------


def by_url(url: str, _folder: Path, _patch: pytest.MonkeyPatch) -> str:
    return f"{url}&{SEARCH_PATH}"


def by_service(url: str, folder: Path, patch: pytest.MonkeyPatch) -> str:
    file = folder / "pg_service.conf"
    file.write_text("[drill]\noptions=-csearch_path=training\n", encoding="utf-8")
    patch.setenv("PGSERVICEFILE", str(file))
    return f"{url}&service=drill"


def by_environment(url: str, _folder: Path, patch: pytest.MonkeyPatch) -> str:
    patch.setenv("PGOPTIONS", "-c search_path=training")
    return url


BY = pytest.mark.parametrize("by", [by_url, by_service, by_environment])


@BY
def test_a_schema_named_to_libpq_is_the_one_asked_and_posted_to(
    by: Callable[..., str], url: str, training: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(by(url, tmp_path, monkeypatch)) as ledger:
        assert ledger.headroom("AE").basis["seq"] == 3
        assert ledger.post(allocation())[0].seq == 4
    monkeypatch.undo()
    with opened(url) as ledger, opened(training) as other:
        assert (ledger.headroom().basis["seq"], other.headroom().basis["seq"]) == (1, 4)


@BY
def test_where_a_pooler_drops_the_schema_no_other_ledger_answers(
    by: Callable[..., str], url: str, training: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pooled(by(url, tmp_path, monkeypatch)) as there:
        for use in (opened, lambda there: Ledger.init(there, opening=False)):
            with pytest.raises(Misconfigured) as refused:
                use(there)
            assert refused.value.detail == (
                f"search_path=training was asked for, and the session at {there} does not have it: {DROPPED}"
            )
    monkeypatch.undo()
    assert (count(url), count(training)) == (1, 3)


def test_a_schema_that_the_login_has_anyway_is_had_across_a_pooler(url: str, training: str) -> None:
    with connected(url) as owner:
        database = make_url(url).database
        given = "set search_path = training, public"  # kept with a space, whoever writes it
        owner.exec_driver_sql(f'alter role postgres in database "{database}" {given}')
    with pooled(f"{training},public") as there, opened(there) as ledger:
        assert ledger.headroom().basis["seq"] == 3


def test_a_pooler_that_refuses_options_says_what_to_do_instead(url: str) -> None:
    refusal = b"SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: options\0\0"
    with pooled(url, lambda kind, body: (b"E", refusal) if kind == b"R" else (kind, body)) as there:
        with pytest.raises(Misconfigured) as refused:
            opened(there)
        assert refused.value.detail.endswith(f"unsupported startup parameter: options: {DROPPED}")


@pytest.mark.parametrize(
    ("option", "name", "value"),
    [
        ("-c statement_timeout=70000", "statement_timeout", "70s"),
        ("--enable-seqscan=no", "enable_seqscan", "off"),
        ("-c DateStyle=German", "datestyle", "German, DMY"),
        ('-c search_path="a\\ b",\\ public', "search_path", '"a b", public'),
        ("-c my.own=x", "my.own", "x"),
        ("-c lock_timeout=1 -c timezone=Asia/Tokyo -csynchronous_commit=off", "lock_timeout", "10s"),
    ],
)
def test_what_is_asked_holds_in_whatever_words_or_is_missed(
    monkeypatch: pytest.MonkeyPatch, url: str, option: str, name: str, value: str
) -> None:
    monkeypatch.setenv("PGOPTIONS", option)
    with closing(Database(url, 10).connect_reader()) as connection:
        assert has(connection, name) == (value,)
        assert has(connection) == ("on", "10s", "on", "UTC")
    with pooled(url) as there:
        if name == "lock_timeout":  # the ledger's own settings are set after all others
            Database(there, 10).connect_reader().close()
        else:
            with pytest.raises(Misconfigured, match=f"{name}=.* was asked for, and the session at"):
                Database(there, 10).connect_reader()


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ("", {}),
        ("-csearch_path=a", {"search_path": "a"}),
        (" -c  search_path=a,b\t--Work-Mem=1MB ", {"search_path": "a,b", "work_mem": "1MB"}),
        (r'-c search_path="a\ \\b"', {"search_path": r'"a \b"'}),
        ("-c a=1 -c a=2", {"a": "2"}),
        ("-c a=b=c", {"a": "b=c"}),
        ("-e -S 64 -c", {}),
    ],
)
def test_options_are_read_as_the_server_reads_them(options: str, found: dict[str, str]) -> None:
    assert settings(options) == found


# --- servers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [direct, pooled])
def test_a_connection_that_is_made_anew_is_set_as_the_first(
    way: Callable[[str], Any], url: str, postgres: Postgres
) -> None:
    with way(url) as there, opened(there, busy_seconds=0.2) as ledger:
        ledger.post(allocation())
        with postgres.connect() as server:
            ended = server.execute(
                "select pg_terminate_backend(pid, 10000) from pg_stat_activity "
                "where application_name = 'tppq' and datname = %s",
                [make_url(url).database],
            ).fetchall()
            assert len(ended) == 2
        with connected(url) as holding:
            holding.exec_driver_sql("select * from head for update")
            with pytest.raises(Busy, match="another writer holds the ledger"):
                ledger.post(allocation())
        assert ledger.post(allocation())[0].seq == 3


def test_whoever_asks_for_a_server_that_writes_may_ask_questions_too(url: str) -> None:
    with opened(f"{url}&target_session_attrs=read-write") as ledger:
        assert ledger.post(allocation())[0].seq == 2
        assert ledger.headroom("AE").rows()[0]["headroom_tpp"] == 2


def test_a_server_that_only_reads_answers_and_is_named_where_something_is_posted(url: str) -> None:
    with connected(url) as owner:
        owner.exec_driver_sql(
            f'alter database "{make_url(url).database}" set default_transaction_read_only = on'
        )
    with opened(url) as ledger:
        assert ledger.headroom("AE").rows()[0]["headroom_tpp"] == 1
        assert ledger.verify().rows() == []
        for dry_run in (True, False):
            with pytest.raises(Unreachable) as refused:
                ledger.post(allocation(), dry_run=dry_run)
            assert refused.value.detail == (
                f"the server at {url} only reads: it is a standby, or default_transaction_read_only is on; "
                "name the primary (of several hosts, target_session_attrs=read-write finds it), or try again "
                "later"
            )


def test_a_server_that_is_too_old_is_told_so(url: str) -> None:
    with pooled(url, calls_itself("13.23")) as there:
        for use in (opened, lambda there: Ledger.init(there, opening=False)):
            with pytest.raises(Misconfigured) as refused:
                use(there)
            assert refused.value.detail == (
                f"the server at {there} is PostgreSQL 13.23: a ledger needs 14 or newer"
            )
    with pooled(url, calls_itself("14.0")) as there:
        opened(there).close()
