"""What is said of a store that is not there, not a ledger, damaged, or made to deceive: never a traceback."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from ledger import (
    Busy,
    Entry,
    Ledger,
    LedgerError,
    Misconfigured,
    Tampered,
    Unreachable,
    copies,
    events,
    evidence,
)
from ledger.checkup import check
from ledger.columns import NARROW, WIDE
from ledger.database import Database, only
from ledger.store import Store
from ledger.upgrade import upgrade
from tests.clock import Clock
from tests.outside import connected, contents, drop_guards
from tests.postgres import Postgres

DAY = "2026-02-01"


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    """A SQLite store with forty entries that nobody has open: one file, nothing beside it."""
    file = tmp_path / "tppq.db"
    fill(f"sqlite:///{file}")
    return file


def fill(url: str) -> None:
    given = {"kind": "allocate", "country": "AE", "effective_on": DAY, "tpp": 10}
    with Ledger.init(url, opening=False, clock=Clock(DAY)) as ledger:
        for _ in range(40):
            ledger.post(Entry.model_validate(given))


def ask_everything(url: str) -> None:
    """Open, ask, post and verify: what a day's work would do."""
    with Ledger.open(url, clock=Clock(DAY)) as ledger:
        ledger.headroom()
        ledger.statement("AE")
        ledger.post(
            Entry.model_validate({"kind": "allocate", "country": "AE", "effective_on": DAY, "tpp": 1})
        )
        if differences := ledger.verify().rows():
            raise Tampered(f"{len(differences)} differences, the first at entry {differences[0]['seq']}")


# --- URLs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "detail"),
    [
        ("tppq.db", "'tppq.db' is no ledger URL: did you mean sqlite:///tppq.db?"),
        ("/srv/tppq.db", "'/srv/tppq.db' is no ledger URL: did you mean sqlite:////srv/tppq.db?"),
        ("db/tppq", "'db/tppq' is no ledger URL: write sqlite:///FILE or postgresql+psycopg://HOST/DATABASE"),
        ("", "'' is no ledger URL: write sqlite:///FILE or postgresql+psycopg://HOST/DATABASE"),
        ("mysql://here/ledger", "'mysql' cannot hold a ledger: use sqlite or postgresql"),
        ("sqlite:////nowhere/tppq.db", "there is no ledger at sqlite:////nowhere/tppq.db: run tppq init"),
        ("sqlite://", "a ledger needs a file: write sqlite:///FILE"),
    ],
)
def test_a_url_that_leads_to_no_ledger_is_misconfigured(url: str, detail: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        Ledger.open(url)
    assert refused.value.detail == detail


def test_where_there_is_no_ledger_the_folder_is_told_that_the_url_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for url in ("sqlite:///tppq.db", "sqlite:///below/tppq.db"):
        with pytest.raises(Misconfigured) as refused:
            Ledger.open(url)
        assert refused.value.detail == f"there is no ledger at {url} in {tmp_path}: run tppq init"


def test_a_ledger_in_memory_is_not_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url in ("sqlite://", "sqlite:///:memory:"):
        with pytest.raises(LedgerError):
            Ledger.init(url)
    assert list(tmp_path.iterdir()) == []


def test_opening_a_ledger_that_is_not_there_creates_no_file(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="run tppq init"):
        Ledger.open(f"sqlite:///{tmp_path / 'tppq.db'}")
    assert list(tmp_path.iterdir()) == []


def test_init_makes_the_folder_it_needs_and_says_so_where_it_cannot(tmp_path: Path) -> None:
    Ledger.init(f"sqlite:///{tmp_path / 'new' / 'folder' / 'tppq.db'}", opening=False).close()
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(Unreachable, match="cannot create a ledger at"):
        Ledger.init(f"sqlite:///{tmp_path / 'taken' / 'tppq.db'}", opening=False)


def test_what_is_no_file_is_said_to_be_what_it_is_and_no_ledger_is_made_in_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place, what in ((tmp_path, "is a folder"), (tmp_path / "pipe", "is no file")):
        for use in (Ledger.open, Ledger.init):
            with pytest.raises(Misconfigured) as refused:
                use(f"sqlite:///{place}")
            assert refused.value.detail == (
                f"sqlite:///{place} {what}: name another ledger (--ledger, TPPQ_LEDGER)"
            )


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        ("create table invoice (id integer); create table head (title text)", "head, invoice"),
        ("create table customer (id); create table invoice (id)", "customer, invoice"),
        ("create table a (b); create table c (d); create table e (f); create table g (h)", "a, c, e, ..."),
    ],
)
def test_no_ledger_is_put_into_the_database_of_another_program(tmp_path: Path, made: str, shown: str) -> None:
    file = tmp_path / "theirs.sqlite"
    with closing(sqlite3.connect(file)) as theirs:
        theirs.executescript(made)
        before = theirs.execute("select name, sql from sqlite_schema order by name").fetchall()
    url = f"sqlite:///{file}"
    for use in (lambda: Ledger.open(url), lambda: Ledger.init(url), lambda: upgrade(Database(url, 1))):
        with pytest.raises(Misconfigured) as refused:
            use()
        assert refused.value.detail == (
            f"{url} is another program's database, with tables of its own ({shown}): "
            "name another file (--ledger, TPPQ_LEDGER)"
        )
    with closing(sqlite3.connect(file)) as theirs:
        assert theirs.execute("select name, sql from sqlite_schema order by name").fetchall() == before


def test_a_disk_without_room_is_said_so_where_sqlite_speaks_of_an_error(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, error = Database(f"sqlite:///{file}", 1), sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"
    assert database.explained(error).detail == f"sqlite:///{file} cannot be used: disk I/O error"
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: type("usage", (), {"free": 4096}))
    assert database.explained(error).detail == (
        f"sqlite:///{file} cannot be used: its disk is full (disk I/O error): make room there, and try again"
    )


def test_a_file_that_is_no_database_any_more_is_not_called_away_and_a_backup_takes_its_place(
    file: Path, tmp_path: Path
) -> None:
    url = f"sqlite:///{file}"
    with Ledger.open(url) as ledger:
        ledger.backup(tmp_path / "backup.db")
    with file.open("r+b") as damaged:
        damaged.write(bytes(16))
    for use in (Ledger.open, Ledger.init, lambda url: check(Database(url, 1))):
        with pytest.raises(Misconfigured) as refused:
            use(url)
        assert refused.value.detail == (
            f"{url} cannot be used: the file is there, and it is no SQLite database (file is not a database)"
            ": name another ledger (--ledger, TPPQ_LEDGER), or move the file away and tppq restore a backup"
        )
    file.rename(tmp_path / "moved away")
    copies.restore(tmp_path / "backup.db", url)
    ask_everything(url)


def test_a_password_is_in_no_message() -> None:
    database = Database("postgresql+psycopg://maria:secret@/ledger?host=/nowhere", 1)
    assert "secret" not in database.name
    with pytest.raises(Unreachable) as refused:
        Ledger.open("postgresql+psycopg://maria:secret@/ledger?host=/nowhere")
    assert "secret" not in str(refused.value.problem())


def test_a_server_that_does_not_answer_is_unreachable(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://postgres@/ledger?host={tmp_path}"
    for use in (Ledger.open, Ledger.init):
        with pytest.raises(Unreachable) as refused:
            use(url)
        assert refused.value.detail.startswith(f"{refused.value.store} cannot be used: ")


def test_a_server_that_cuts_a_wait_short_is_busy(postgres: Postgres) -> None:
    url = postgres.create()
    Ledger.init(url, opening=False).close()
    with connected(url) as setting:
        name = setting.exec_driver_sql("select current_database()").scalar_one()
        setting.exec_driver_sql(f'alter database "{name}" set statement_timeout = 200')
    with connected(url) as holding:
        holding.exec_driver_sql("select * from head for update")
        with Ledger.open(url) as ledger, pytest.raises(Busy, match=r"did not answer in time .*: try again"):
            ledger.post(
                Entry.model_validate({"kind": "allocate", "country": "AE", "effective_on": DAY, "tpp": 1})
            )


def test_a_database_that_is_not_on_the_server_is_unreachable(postgres: Postgres) -> None:
    url = postgres.create()
    postgres.drop(url)
    with pytest.raises(Unreachable, match="does not exist"):
        Ledger.open(url)


def test_an_empty_database_is_not_a_ledger_yet(postgres: Postgres) -> None:
    url = postgres.create()
    with pytest.raises(Misconfigured, match="run tppq init"):
        Ledger.open(url)
    postgres.drop(url)


# --- statements -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "columns"),
    [("entry", evidence.COLUMNS), ("event", events.COLUMNS), ("refusal", ("request_id", "attempt"))],
)
def test_a_row_is_put_with_every_column_of_its_table_in_their_order(
    table: str, columns: tuple[str, ...]
) -> None:
    defined = tuple(column.name for column in SQLModel.metadata.tables[table].columns)
    assert Database("sqlite:///x", 1).statement(f"put_{table}").takes == defined
    assert defined[: len(columns)] == columns


def test_a_page_of_all_columns_has_them_as_they_are_kept(store_url: str) -> None:
    fill(store_url)
    kept = contents(store_url)["entry"]
    store = Store(Database(store_url, 1))
    for columns in (
        evidence.COLUMNS[:13] + evidence.COLUMNS[14:] + ("seq",),
        ("hash", "tpp", "seq"),
        WIDE,
        NARROW,
    ):
        pages = list(store.pages(columns, after=7, size=20))
        assert [len(page) for page in pages] == [20, 13]
        found = [dict(zip(columns, row, strict=True)) for page in pages for row in page]
        assert found == [{name: row[name] for name in columns} for row in kept[7:]]
    store.close()


def test_a_statement_keeps_its_order_of_values_on_both_drivers() -> None:
    sqlite, postgresql = Database("sqlite:///x", 1), Database("postgresql://h/x", 1)
    for database, mark in ((sqlite, "?"), (postgresql, "%s")):
        put = database.insert("event", ("topic", "seq"))
        words = " ".join(put.text.split()).partition("insert into ")[2]
        assert words == f"event ( topic, seq ) values ( {mark}, {mark} )"
        assert put.values({"seq": 1, "topic": "person"}) == ("person", 1)
        with pytest.raises(KeyError):
            put.values({"seq": 1})


def test_a_column_that_a_statement_does_not_have_is_not_put_into_it() -> None:
    with pytest.raises(KeyError):
        Database("sqlite:///x", 1).page(("seq; drop table entry", "seq"))


def test_only_cuts_each_list_of_columns_and_leaves_the_rest() -> None:
    text = "-- one\ninsert into t (\n    a,\n    b,\n    c\n) values (\n    :a,\n    :b,\n    :c\n)"
    assert only(text, ("c", "a")) == (
        "-- one\ninsert into t (\n    c,\n    a\n) values (\n    :c,\n    :a\n)"
    )


# --- damaged and hostile files --------------------------------------------------------------------


def replace_with(data: bytes) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(data)


def run(*statements: str) -> Callable[[Path], object]:
    """What the owner of the file does to it with the sqlite3 command."""

    def ruin(file: Path) -> None:
        connection = sqlite3.connect(file, isolation_level=None)
        connection.execute("pragma writable_schema = on")
        for statement in statements:
            connection.execute(statement)
        connection.close()

    return ruin


def cut(keep: int) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(file.read_bytes()[:keep])


def scribble(first: int, after: int) -> Callable[[Path], object]:
    def ruin(file: Path) -> None:
        data = bytearray(file.read_bytes())
        data[first : min(after, len(data))] = b"\xff" * (min(after, len(data)) - first)
        file.write_bytes(data)

    return ruin


def a_folder_instead(file: Path) -> None:
    file.unlink()
    file.mkdir()


NOT_A_LEDGER: dict[str, Callable[[Path], object]] = {
    "an empty file": replace_with(b""),
    "a text": replace_with(b"kind,country,effective_on\n" * 500),
    "a short text": replace_with(b"hello"),
    "another database": run(
        "create table other (id integer)", *(f"drop table {t}" for t in ("entry", "head"))
    ),
    "a folder": a_folder_instead,
    "a head that is gone": run("drop trigger head_no_delete", "delete from head"),
    "a head table that is gone": run("drop table head"),
    "a later schema": run("update head set schema_version = 99"),
    "an earlier schema": run("update head set schema_version = 0"),
}


@pytest.mark.parametrize("ruin", NOT_A_LEDGER.values(), ids=NOT_A_LEDGER)
def test_what_is_not_a_ledger_is_misconfigured(file: Path, ruin: Callable[[Path], object]) -> None:
    ruin(file)
    with pytest.raises(Misconfigured) as refused:
        ask_everything(f"sqlite:///{file}")
    assert refused.value.detail.startswith(
        (
            f"there is no ledger at sqlite:///{file}",
            f"sqlite:///{file} has ",
            f"sqlite:///{file} cannot be used: the file",
            f"sqlite:///{file} is a folder: name another ledger",
            f"sqlite:///{file} is another program's database, with tables of its own (other): name another",
        )
    )


DAMAGED: dict[str, Callable[[Path], object]] = {
    "cut to a page": cut(4096),
    "cut in half": cut(40_000),
    "cut within a page": cut(50_000),
    "pages overwritten": scribble(20_000, 60_000),
    "the header overwritten": scribble(16, 100),
    "the schema overwritten": scribble(2_000, 4_096),
    "most of it overwritten": scribble(4_096, 1_000_000),
    "entries that are gone": run("drop table entry"),
    "balances that are gone": run("drop table balance"),
    "refusals that are gone": run("drop table refusal"),
    "a regime that is not known": run("drop trigger head_goes_forward", "update head set regime = 'other'"),
    "a head that is ahead": run("drop trigger head_goes_forward", "update head set seq = 41"),
    "a head with a hash of its own": run("update head set hash = 'f'"),
    "a time that is none": run("drop trigger head_goes_forward", "update head set recorded_at = 'soon'"),
    "a table that was made anew, without types": run(
        "drop table head",
        "create table head"
        " (one, seq, hash, recorded_at, regime, schema_version, origin, salt_key, shared, tree)",
        "insert into head values (1, 'forty', x'ff', null, 'diffusion-2025', 2, 'o', 's', 0, '[]')",
    ),
    "an index that lies": run(
        "update sqlite_schema set sql = 'create table entry (seq)' where name = 'entry'"
    ),
    "a view in the place of the entries": run(
        "drop table entry", "create view entry as select 1 as seq, 'a' as hash"
    ),
}


@pytest.mark.parametrize("ruin", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_ledger_is_said_to_be_so(file: Path, ruin: Callable[[Path], object]) -> None:
    ruin(file)
    with pytest.raises((Misconfigured, Tampered, Unreachable)) as refused:
        ask_everything(f"sqlite:///{file}")
    assert len(refused.value.detail) > 20
    assert "Traceback" not in refused.value.detail


def test_a_file_put_in_the_place_of_an_open_one_is_noticed(file: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{file}"
    kept = tmp_path / "kept.db"
    shutil.copy(file, kept)
    with Ledger.open(url, clock=Clock(DAY)) as ledger:
        ledger.post(
            Entry.model_validate({"kind": "allocate", "country": "AE", "effective_on": DAY, "tpp": 1})
        )
        assert ledger.headroom("AE").rows()[0]["headroom_tpp"] == 401
    shutil.copy(kept, file)
    with Ledger.open(url, clock=Clock(DAY)) as ledger:
        assert ledger.headroom("AE").rows()[0]["headroom_tpp"] == 400  # as it was: evidence is kept elsewhere
        assert ledger.verify().rows() == []


def test_a_store_that_goes_back_while_it_is_open_is_tampered(store_url: str) -> None:
    fill(store_url)
    with Ledger.open(store_url, clock=Clock(DAY)) as ledger:
        ledger.headroom()
        drop_guards(store_url)
        head = contents(store_url)["entry"][-2]
        with connected(store_url) as connection:
            connection.exec_driver_sql("delete from entry where seq = 40")
            connection.execute(
                sa.text("update head set seq = :seq, hash = :hash"),
                {"seq": head["seq"], "hash": head["hash"]},
            )
        with pytest.raises(Tampered, match="entry 40 was there and is no longer, or is another one"):
            ledger.headroom()
