"""A log is taken in whole and verified, or not at all; what it may not hold is named with its line."""

from __future__ import annotations

import gzip
import json
import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from itertools import product
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from ledger import (
    BadFeed,
    Busy,
    Ledger,
    LedgerError,
    Misconfigured,
    Tampered,
    Unreachable,
    evidence,
    log_file,
    merkle,
)
from ledger.copies import import_log
from ledger.database import Database
from ledger.events import Telling
from ledger.store import Store
from tests.clock import Clock
from tests.evidence import DAY, entry
from tests.forger import fill
from tests.outside import TABLES, connected
from tests.postgres import Postgres
from tests.writers import answers, started

Lines = list[dict[str, Any]]


@pytest.fixture(scope="module", name="log")
def _log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six entries, a refusal and an event."""
    folder = tmp_path_factory.mktemp("told")
    url = f"sqlite:///{folder / 'tppq.db'}"
    fill(url)
    with Ledger.open(url, clock=Clock(DAY)) as ledger:
        with pytest.raises(LedgerError):
            ledger.post(entry("license", 10**9, license_no="L9"), request_id="too much")
        ledger.export(folder / "log.jsonl")
    store = Store(Database(url, 1), Clock(DAY))
    store.record([Telling("audit", "sql", "done", {"rows": 3})], "maria")
    store.close()
    (folder / "log.jsonl").unlink()
    with Ledger.open(url) as ledger:
        ledger.export(folder / "log.jsonl")
    return folder / "log.jsonl"


def forged(log: Path, folder: Path, change: Callable[[Lines], object]) -> Path:
    """The log with its lines changed, and a last line that agrees with them."""
    lines: Lines = [orjson.loads(line) for line in log.read_bytes().splitlines()][:-1]
    change(lines)
    body = b"".join(json.dumps(line, sort_keys=True).encode() + b"\n" for line in lines)
    counts = {name: sum(name in line for line in lines) for name in ("entry", "refusal", "event")}
    end = {"end": counts, "sha256": sha256(body).hexdigest()}
    (folder / "forged.jsonl").write_bytes(body + evidence.canonical(end) + b"\n")
    return folder / "forged.jsonl"


def another_event(lines: Lines) -> None:
    """What only the whole verification finds: the hash of an event is not that of its contents."""
    lines[-1]["event"]["hash"] = "f" * 64


def rehashed(change: Callable[[dict[str, Any]], object]) -> Callable[[Lines], None]:
    """The last entry changed, and everything made anew that is made of it: hash, tree and head."""

    def of(lines: Lines) -> None:
        head, entries = lines[0]["head"], [line for line in lines if "entry" in line]
        last = entries[-1]
        change(last["entry"])
        last["hash"] = evidence.entry_hash(last["prev_hash"], last["entry"])
        edge = merkle.Edge()
        for line in entries:
            fields = line["entry"]
            committed = merkle.commitment(
                merkle.salt_of(bytes.fromhex(head["salt_key"]), fields["seq"]), evidence.canonical(fields)
            )
            leaf = merkle.leaf(
                head["origin"], fields["seq"], fields["recorded_at"], fields["hash_v"], committed
            )
            edge.append(merkle.leaf_hash(leaf))
        head |= {"hash": last["hash"], "recorded_at": last["entry"]["recorded_at"], "tree": edge.to_json()}

    return of


def nothing_at(url: str) -> bool:
    """Whether there is no ledger, and no table of one."""
    if url.startswith("sqlite") and not Path(url.removeprefix("sqlite:///")).exists():
        return True
    with connected(url) as connection:
        found = set(sa.inspect(connection).get_table_names())
    return not found & {table.name for table in TABLES}


# ------------------------------------------------------------------------------------------- all or nothing


def test_a_log_that_does_not_verify_leaves_nothing(log: Path, tmp_path: Path, postgres: Postgres) -> None:
    bad = forged(log, tmp_path, another_event)
    (tmp_path / "empty.db").touch()
    for url in (f"sqlite:///{tmp_path / 'new.db'}", f"sqlite:///{tmp_path / 'empty.db'}", postgres.create()):
        with pytest.raises(Tampered, match=r"does not verify: event, .*; nothing was written"):
            import_log(bad, url)
        assert nothing_at(url)
        copy = import_log(log, url)
        with Ledger.open(url) as ledger:
            assert (ledger.verify().rows(), copy.entries) == ([], 6)
    assert sorted(path.name for path in tmp_path.iterdir() if "segments" not in path.name) == [
        "empty.db", "forged.jsonl", "new.db"
    ]  # fmt: skip


def test_another_writer_is_waited_for_as_long_as_was_said(
    log: Path, tmp_path: Path, postgres: Postgres
) -> None:
    (tmp_path / "empty.db").touch()
    for url in (f"sqlite:///{tmp_path / 'empty.db'}", postgres.create()):
        with connected(url) as other:
            if url.startswith("sqlite"):
                other.exec_driver_sql("begin immediate")
            else:
                other.exec_driver_sql("select pg_advisory_xact_lock(790000000)")
            with pytest.raises(Busy):
                import_log(log, url, busy_seconds=0.2)
        assert nothing_at(url)


def test_nobody_finds_a_ledger_before_it_is_verified(log: Path, tmp_path: Path, postgres: Postgres) -> None:
    (tmp_path / "empty.db").touch()
    for url in (f"sqlite:///{tmp_path / 'new.db'}", f"sqlite:///{tmp_path / 'empty.db'}", postgres.create()):
        found: list[str] = []

        def look(_done: int, _of: int, url: str = url, found: list[str] = found) -> None:
            with pytest.raises(Misconfigured) as refused:
                Ledger.open(url)
            found.append(refused.value.detail)

        import_log(log, url, look)
        assert found
        assert all(detail.startswith("there is no ledger at ") for detail in found)
        Ledger.open(url).close()


def test_what_was_posted_while_a_log_was_taken_in_stays(log: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"

    def begin(_done: int, _of: int) -> None:
        with Ledger.init(url, opening=False, clock=Clock(DAY)) as ledger:
            ledger.post(entry("allocate", 1_000))

    for bad in (log, forged(log, tmp_path, another_event)):
        with pytest.raises((Misconfigured, Tampered)):
            import_log(bad, url, begin)
        with Ledger.open(url) as ledger:
            assert ledger.headroom("AE").rows()[0]["headroom_tpp"] >= 1_000
    assert not [path.name for path in tmp_path.iterdir() if ".part" in path.name]


def test_an_empty_database_with_tables_of_its_own_keeps_them(log: Path, tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("create table other (id integer)")
    with pytest.raises(Tampered):
        import_log(forged(log, tmp_path, another_event), f"sqlite:///{file}")
    with connected(f"sqlite:///{file}") as connected_:
        assert sa.inspect(connected_).get_table_names() == ["other"]


def killed_while_it_takes_in(answer: Connection, log: Path, url: str) -> None:
    """Take a log in, and be killed before it is whole."""
    import_log(log, url, lambda _done, _of: os.kill(os.getpid(), signal.SIGKILL))
    answer.send("not killed")


def test_a_process_that_was_killed_leaves_no_ledger_and_the_next_clears_up(
    log: Path, tmp_path: Path, postgres: Postgres
) -> None:
    (tmp_path / "empty.db").touch()
    for url in (f"sqlite:///{tmp_path / 'new.db'}", f"sqlite:///{tmp_path / 'empty.db'}", postgres.create()):
        assert answers(*started(killed_while_it_takes_in, log, url)) == []
        assert nothing_at(url)
    left = [path.name for path in tmp_path.iterdir() if path.name.endswith(".part.db")]
    assert len(left) == 1
    for path in tmp_path.glob(".new.*.part.db*"):
        os.utime(path, (0, 0))
    (tmp_path / f".new.{os.getppid()}-1.part.db").touch()  # of a process that still runs
    import_log(log, f"sqlite:///{tmp_path / 'new.db'}")
    parts = [path.name for path in tmp_path.iterdir() if ".part" in path.name]
    assert parts == [f".new.{os.getppid()}-1.part.db"]
    import_log(log, f"sqlite:///{tmp_path / 'empty.db'}")


def test_a_lost_connection_leaves_nothing_and_is_named(log: Path, postgres: Postgres) -> None:
    url = postgres.create()

    def cut(_done: int, _of: int) -> None:
        with connected(url) as connection:
            connection.exec_driver_sql(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )

    with pytest.raises(Unreachable, match="cannot be used"):
        import_log(log, url, cut)
    assert nothing_at(url)
    assert import_log(log, url).entries == 6


def test_what_is_no_file_is_not_written_over(log: Path, tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "nowhere")
    for name in ("folder.db", "link.db"):
        with pytest.raises(Misconfigured, match="is there already: nothing is written over"):
            import_log(log, f"sqlite:///{tmp_path / name}")


# --------------------------------------------------------------------------------------- what a log may hold


def test_a_line_that_no_log_has_is_named_before_it_fills_the_memory(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "log.jsonl.gz", "wb", 1) as file:
        file.write(b'{"format":"tppq-log","v":1,"head":{"x":"')
        for _ in range(log_file.LONGEST >> 20):
            file.write(b"a" * (1 << 20))
    with pytest.raises(BadFeed, match=r"line 1: is longer than 67,108,864 bytes, which no line of a log is"):
        import_log(tmp_path / "log.jsonl.gz", f"sqlite:///{tmp_path / 'new.db'}")
    assert not (tmp_path / "new.db").exists()


WRONG: list[tuple[int, str, object, str]] = [
    (1, "shared", 2, "must be 0 or 1"),
    (1, "shared", True, "must be 0 or 1"),
    (1, "shared", 2**63, "must be 0 or 1"),
    (1, "shared", [1], "must be 0 or 1"),
    (1, "seq", "6", "must be a whole number from 0"),
    (1, "origin", "two words", "must be the name of a ledger"),
    (1, "origin", None, "must be the name of a ledger"),
    (1, "salt_key", "5" * 63, "must be 64 hexadecimal characters"),
    (1, "recorded_at", "tomorrow", "must be an instant"),
    (4, "kind", "gift", "must be allocate, withdraw, .* or unblock"),
    (4, "quantity", 2**64 - 1, "must be a whole number from 1 to 9,007,199,254,740,991, or null"),
    (4, "quantity", 1.5, "must be a whole number"),
    (4, "quantity", True, "must be a whole number"),
    (4, "tpp", None, "must be a whole number"),
    (4, "reason", {"a": 1}, "must be text of 1 to 2,000 characters"),
    (4, "license_no", "", "must be text of 1 to 128 characters"),
    (4, "license_no", "L" * 129, "must be text of 1 to 128 characters"),
    (4, "consignee", "a\x1bb", r'"a\\u001bb": it must be text'),
    (4, "consignee", "a\0b", r'"a\\u0000b": it must be text'),
    (4, "effective_on", "2026-02-30", "must be a day"),
    (4, "recorded_at", "2026-11-22T17:10:41.0540439999Z", "must be an instant"),
    (4, "recorded_at", "2026-11-22T24:00:00.000000Z", "must be an instant"),
    (4, "hash_v", 2, "must be 1"),
    (8, "problem", "{}", "must be text that is a refusal"),
    (8, "attempt", 0, "must be a whole number from 1"),
    (9, "detail", "no JSON", "must be text that is a JSON object"),
    (9, "recorded_at", "3", "must be an instant"),
]


@pytest.mark.parametrize(("line", "name", "value", "said"), WRONG)
def test_what_a_field_may_not_hold_is_bad_input_with_its_line(
    log: Path, tmp_path: Path, line: int, name: str, value: object, said: str
) -> None:
    def change(lines: Lines) -> None:
        of = next(each for each in lines[line - 1].values() if isinstance(each, dict))
        assert name in of
        of[name] = value

    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    with pytest.raises(
        BadFeed, match=f"line {line}: {name} is .*{said}" if "is" not in said else said
    ) as bad:
        import_log(forged(log, tmp_path, change), url)
    assert (bad.value.faults[0]["line"], bad.value.faults[0]["column"]) == (line, name)
    assert nothing_at(url)


UNKNOWN: list[tuple[int, str | None, str]] = [
    (1, None, "note"), (1, "head", "note"), (4, None, "note"), (4, "entry", "note"), (4, "entry", "hash"),
    (8, None, "hash"), (8, "refusal", "note"), (9, None, "a\x1bb"), (9, "event", "note"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "part", "name"), UNKNOWN)
def test_what_no_line_of_a_log_has_is_not_passed_over(
    log: Path, tmp_path: Path, line: int, part: str | None, name: str
) -> None:
    def change(lines: Lines) -> None:
        (lines[line - 1] if part is None else lines[line - 1][part])[name] = "x"

    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    shown = json.dumps(name).strip('"')
    said = "the head is not one" if part == "head" else f"{shown} is no field"
    with pytest.raises(BadFeed) as bad:
        import_log(forged(log, tmp_path, change), url)
    assert bad.value.detail.endswith(f"line {line}: {said} of this version; nothing was written")
    assert nothing_at(url)


ANYTHING: list[object] = [
    None, "", "x", 5, -1, 2**64 - 1, 2**64, 1.5, True, [1], {}, "\0", "\u202e", "é" * 5_000,
]  # fmt: skip


def taken(log: Path, url: str) -> LedgerError | None:
    """Why a log is not taken in; None where it is. What is bad input already is not tried on a store."""
    try:
        log_file.read_head(log)
        for _ in log_file.groups(log):
            pass
        import_log(log, url)
    except LedgerError as refused:
        return refused
    return None


@pytest.mark.parametrize("line", [1, 4, 8, 9])
def test_whatever_a_field_holds_the_answer_is_a_sentence_and_nothing_is_left(
    log: Path, tmp_path: Path, line: int
) -> None:
    """Bad input, no such regime, or a history that does not add up: never an error of the store's or ours."""
    whole = json.loads(log.read_bytes().splitlines()[line - 1])
    parts = {key: part if isinstance(part, dict) else {} for key, part in whole.items()}
    fields = [(key, name) for key, part in parts.items() for name in part or [None]]
    for number, ((key, name), value) in enumerate(product(fields, ANYTHING)):

        def change(lines: Lines, key: str = key, name: str | None = name, value: object = value) -> None:
            of, which = (lines[line - 1], key) if name is None else (lines[line - 1][key], name)
            of[which] = value

        url = f"sqlite:///{tmp_path / f'{number}.db'}"
        refused = taken(forged(log, tmp_path, change), url)
        if refused is not None:
            assert nothing_at(url), (key, name, value)
            assert isinstance(refused, BadFeed | Tampered) or (key, name) == ("head", "regime")
            assert "nothing was written" in refused.detail or (key, name) == ("head", "regime")
