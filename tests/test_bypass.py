"""Ways around the guards of a SQLite file: each is refused, or noticed when the ledger is next opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

from ledger import Ledger, Misconfigured
from tests.clock import Clock
from tests.outside import contents
from tests.shared import DAY, create

CLOCK = Clock(DAY)
DEED = "'2026-01-01', 'me', 'person', 'me', 'added', '{\"roles\":[\"admin\"]}'"

REFUSED = {
    "replace an entry": ("replace into entry select * from entry where seq = 1",),
    "replace it, checks ignored": (
        "pragma ignore_check_constraints = on", "replace into entry select * from entry where seq = 1",
    ),
    "update or replace an entry": ("update or replace entry set seq = 1 where seq = 2",),
    "update or ignore an entry": ("update or ignore entry set tpp = 1",),
    "delete by rowid": ("delete from entry where rowid = 1",),
    "replace an event by seq": ("replace into event values (2, DEED, 'x', 'x')",),
    "replace an event by what it continues": (
        "pragma recursive_triggers = off",
        "replace into event select 7, DEED, prev_hash, 'x' from event where seq = 2",
    ),
    "upsert an event": (
        "insert into event values (2, DEED, 'x', 'x') on conflict (seq) do update set actor = 'me'",
    ),
    "update an event": ("update event set detail = '{}' where subject = 'maria'",),
    "update or replace an event": ("update or replace event set seq = 1 where seq = 2",),
    "delete an event": ("delete from event where subject = 'maria'",),
    "leave out an event": ("insert into event values (99, DEED, 'x', 'x')",),
    "fork the events": (
        "insert into event select max(seq) + 1, DEED, 'NOTHING', 'x' from event",
    ),
    "unshare": ("update head set shared = 0",),
    "replace the head": ("replace into head select * from head",),
    "upsert the head": (
        "insert into head select * from head where true on conflict (one) do update set shared = 0",
    ),
    "another key of salts": ("update head set salt_key = ''",),
    "another name": ("update head set origin = 'mine'",),
    "move the head without its tree": ("update head set seq = seq + 1",),
    "a table of that name before it": (
        "create temporary table event (seq integer, hash text)",
        "insert into temp.event values (98, 'x')",
        "insert into main.event values (99, DEED, 'x', 'y')",
    ),
}  # fmt: skip


@pytest.fixture(scope="module", name="url")
def _url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A shared ledger that every attack is tried on: none of them is to change it."""
    return create(f"sqlite:///{tmp_path_factory.mktemp('attacked') / 'tppq.db'}", CLOCK)


def run(url: str, statements: Iterable[str]) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        for each in statements:
            connection.execute(each.replace("DEED", DEED).replace("NOTHING", "0" * 64))


@pytest.mark.parametrize("attack", REFUSED.values(), ids=REFUSED)
def test_the_file_refuses_to(url: str, attack: tuple[str, ...]) -> None:
    before = contents(url)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        run(url, attack)
    assert contents(url) == before


NOTICED = {
    "dropping a guard": ("drop trigger entry_no_update",),
    "writing the schema": ("pragma writable_schema = on", "delete from sqlite_schema where type = 'trigger'"),
    "rewriting a guard": (
        "pragma writable_schema = on",
        "update sqlite_schema set sql = replace(sql, 'where', 'where 1 = 0 and') where name = 'head_is_one'",
    ),
    "renaming the table away": (
        "alter table entry rename to entry_of_before",
        "create table entry as select * from entry_of_before",
    ),
}


@pytest.mark.parametrize("attack", NOTICED.values(), ids=NOTICED)
def test_whoever_owns_the_file_gets_around_it_and_that_is_noticed_by(
    tmp_path: Path, attack: tuple[str, ...]
) -> None:
    url = create(f"sqlite:///{tmp_path / 'tppq.db'}", CLOCK)
    run(url, attack)
    with pytest.raises(Misconfigured, match=r"is not append-only: .* tppq init"):
        Ledger.open(url, actor="maria", clock=CLOCK)
