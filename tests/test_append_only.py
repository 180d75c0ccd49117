"""What the store itself refuses, whoever asks, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ledger import Entry, Ledger, Misconfigured, Refused
from ledger.database import Database
from ledger.events import Telling
from ledger.store import Store
from ledger.tables import ENTRY
from tests.clock import Clock
from tests.outside import EVENT, HEAD, REFUSAL, connected, contents, drop_guards
from tests.postgres import Postgres

Row = Mapping[str, Any]
Attack = Callable[[sa.Dialect, Sequence[Row]], sa.Executable]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"], name="url")
def _url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store that every attack is tried on: none of them is to change it. Nobody has it open."""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        return filled(server.create())
    return filled(f"sqlite:///{tmp_path_factory.mktemp('attacked') / 'tppq.db'}")


def filled(url: str) -> str:
    """Three entries, the second reversed by the third, one refusal, one event."""
    with Ledger.init(url, opening=False, actor="maria", clock=Clock("2026-02-01")) as ledger:
        ledger.post(entry("allocate", 1_000), request_id="opening")
        ledger.post(entry("license", 400, license_no="L1"), request_id="application-1")
        ledger.reverse(2, "typed twice", request_id="reversal-1")
        with pytest.raises(Refused):
            ledger.post(entry("license", 2_000, license_no="L2"), request_id="application-2")
    store = Store(Database(url, 10))
    store.record([Telling("audit", "sql", "asked", {"rows": 1})], "maria")
    store.close()
    return url


def entry(kind: str, tpp: int, **more: str) -> Entry:
    return Entry.model_validate(
        {"kind": kind, "country": "AE", "effective_on": "2026-02-01", "tpp": tpp, **more}
    )


def next_row(rows: Sequence[Row], **changes: object) -> dict[str, Any]:
    """A row that continues the last one, but for the changes."""
    last = rows[-1]
    fresh = {"seq": last["seq"] + 1, "prev_hash": last["hash"], "request_id": "forged", "hash": "f" * 64}
    return {**rows[0], **fresh, **changes}


def replace(dialect: sa.Dialect, row: Row, *keys: str) -> sa.Executable:
    """Put the row in the place of the one that has the same `keys`."""
    if dialect.name == "sqlite":
        return sa.insert(ENTRY).prefix_with("or replace").values(row)
    return postgresql.insert(ENTRY).values(row).on_conflict_do_update(index_elements=keys, set_=dict(row))


def upsert(dialect: sa.Dialect, row: Row, *keys: str) -> sa.Executable:
    """`insert ... on conflict do update`, in either dialect."""
    changed = {"tpp": row["tpp"]}
    if dialect.name == "sqlite":
        return sqlite.insert(ENTRY).values(row).on_conflict_do_update(index_elements=keys, set_=changed)
    return postgresql.insert(ENTRY).values(row).on_conflict_do_update(index_elements=keys, set_=changed)


ATTACKS: dict[str, Attack] = {
    "update one entry": lambda _d, _r: sa.update(ENTRY).where(ENTRY.c.seq == 1).values(tpp=1),
    "update one entry to itself": lambda _d, _r: (
        sa.update(ENTRY).where(ENTRY.c.seq == 1).values(tpp=ENTRY.c.tpp)
    ),
    "update a hash": lambda _d, _r: sa.update(ENTRY).where(ENTRY.c.seq == 3).values(hash="0" * 64),
    "update every entry": lambda _d, _r: sa.update(ENTRY).values(tpp=ENTRY.c.tpp + 1),
    "delete the first entry": lambda _d, _r: sa.delete(ENTRY).where(ENTRY.c.seq == 1),
    "delete the last entry": lambda _d, _r: sa.delete(ENTRY).where(ENTRY.c.seq == 3),
    "delete every entry": lambda _d, _r: sa.delete(ENTRY),
    "insert a second entry 1": lambda _d, rows: sa.insert(ENTRY).values({**rows[0], "request_id": "forged"}),
    "leave a gap": lambda _d, rows: sa.insert(ENTRY).values(next_row(rows, seq=5)),
    "insert before the first": lambda _d, rows: sa.insert(ENTRY).values(next_row(rows, seq=0)),
    "fork off the first entry": lambda _d, rows: sa.insert(ENTRY).values(
        next_row(rows, prev_hash=rows[0]["hash"])
    ),
    "fork off the start": lambda _d, rows: sa.insert(ENTRY).values(next_row(rows, prev_hash="0" * 64)),
    "post a request twice": lambda _d, rows: sa.insert(ENTRY).values(next_row(rows, request_id="opening")),
    "reverse an entry twice": lambda _d, rows: sa.insert(ENTRY).values(next_row(rows, reverses_seq=2)),
    "replace by seq": lambda d, rows: replace(d, {**rows[0], "tpp": 1}, "seq"),
    "replace by the whole row": lambda d, rows: replace(d, rows[2], "seq"),
    "replace by request id": lambda d, rows: replace(
        d, next_row(rows, request_id="opening"), "request_id", "request_part"
    ),
    "replace by what it continues": lambda d, rows: replace(
        d, next_row(rows, prev_hash="0" * 64), "prev_hash"
    ),
    "replace by what it reverses": lambda d, rows: replace(d, next_row(rows, reverses_seq=2), "seq"),
    "on conflict do update, by seq": lambda d, rows: upsert(d, {**rows[0], "tpp": 1}, "seq"),
    "on conflict do update, by request id": lambda d, rows: upsert(
        d, next_row(rows, request_id="opening", tpp=1), "request_id", "request_part"
    ),
    "change an answer": lambda _d, _r: sa.update(REFUSAL).values(problem="{}"),
    "remove an answer": lambda _d, _r: sa.delete(REFUSAL),
    "take the head back": lambda _d, _r: sa.update(HEAD).values(seq=1),
    "take the head's clock back": lambda _d, _r: sa.update(HEAD).values(
        recorded_at="2020-01-01T00:00:00.000000Z"
    ),
    "put the head under another regime": lambda _d, _r: sa.update(HEAD).values(regime="uae-2026"),
    "give the head another name": lambda _d, _r: sa.update(HEAD).values(origin="tppq/other"),
    "give the head another salt": lambda _d, _r: sa.update(HEAD).values(salt_key="0" * 64),
    "take the people away": lambda _d, _r: sa.update(HEAD).values(shared=-1),
    "change an event": lambda _d, _r: sa.update(EVENT).values(actor="nobody"),
    "remove an event": lambda _d, _r: sa.delete(EVENT),
    "an event that continues nothing": lambda _d, _r: sa.insert(EVENT).values(
        seq=7,
        recorded_at="2026-11-21T00:00:00.000000Z",
        actor="x",
        topic="audit",
        subject="x",
        action="x",
        detail="{}",
        prev_hash="1" * 64,
        hash="2" * 64,
    ),
    "remove the head": lambda _d, _r: sa.delete(HEAD),
    "a second head": lambda _d, _r: sa.insert(HEAD).values(
        one=1,
        seq=0,
        hash="0" * 64,
        recorded_at="1970-01-01T00:00:00.000000Z",
        regime="diffusion-2025",
        schema_version=2,
        origin="tppq/other",
        salt_key="5" * 64,
        shared=0,
        tree="[]",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_the_store_refuses_to(url: str, attack: Attack) -> None:
    before = contents(url)
    with (
        pytest.raises(sa.exc.IntegrityError, match=r"append-only|duplicate key value"),
        connected(url) as connection,
    ):
        connection.execute(attack(connection.dialect, before["entry"]))
    assert contents(url) == before


# What only one of the databases knows.
ONLY = {
    "sqlite": {
        "replace with recursive triggers off": ("pragma recursive_triggers = off", "or replace"),
        "replace with recursive triggers on": ("pragma recursive_triggers = on", "or replace"),
        "replace without foreign keys": ("pragma foreign_keys = off", "or replace"),
        "replace with checks ignored": ("pragma ignore_check_constraints = on", "or replace"),
    },
    "postgresql": {
        "truncate the entries": ("select 1", "truncate entry"),
        "truncate everything": ("select 1", "truncate entry, balance, refusal, head cascade"),
        "update as a replica": ("set session_replication_role = replica", "update entry set tpp = 1"),
        "delete as a replica": ("set session_replication_role = replica", "delete from entry"),
        "truncate as a replica": ("set session_replication_role = replica", "truncate refusal"),
        "move the head as a replica": ("set session_replication_role = replica", "update head set seq = 0"),
        "merge": (
            "select 1",
            "merge into entry using (select 1) on true when matched then update set tpp = 1",
        ),
        "update where it stands": ("select 1", "do $$ begin update entry set tpp = 1; end $$"),
    },
}


@pytest.mark.parametrize(("setting", "how"), ONLY["sqlite"].values(), ids=ONLY["sqlite"])
def test_sqlite_refuses_to(tmp_path: Path, setting: str, how: str) -> None:
    url = filled(f"sqlite:///{tmp_path / 'tppq.db'}")
    rows = contents(url)["entry"]
    forgeries = [
        {**rows[0], "tpp": 1},
        next_row(rows, request_id="opening"),
        next_row(rows, reverses_seq=2),
        next_row(rows, prev_hash=rows[0]["hash"]),
    ]
    for forged in forgeries:
        with connected(url) as connection:
            connection.exec_driver_sql(setting)
            with pytest.raises(sa.exc.IntegrityError, match="append-only"):
                connection.execute(sa.insert(ENTRY).prefix_with(how).values(forged))
    assert contents(url)["entry"] == rows


INSTEAD: dict[str, tuple[sa.Table, dict[str, object]]] = {
    "the head": (HEAD, {"seq": 4, "hash": "f" * 64, "origin": "tppq/other"}),
    "an answer": (REFUSAL, {"problem": "{}"}),
    "an event": (EVENT, {"actor": "nobody"}),
    "an event, by what it continues": (EVENT, {"seq": 2, "actor": "nobody"}),
}


@pytest.mark.parametrize(("table", "changes"), INSTEAD.values(), ids=INSTEAD)
@pytest.mark.parametrize("recursive", ["on", "off"])
def test_sqlite_puts_nothing_in_the_place_of(
    tmp_path: Path, table: sa.Table, changes: dict[str, object], recursive: str
) -> None:
    url = filled(f"sqlite:///{tmp_path / 'tppq.db'}")
    before = contents(url)
    with connected(url) as connection:
        connection.exec_driver_sql(f"pragma recursive_triggers = {recursive}")
        forged = sa.insert(table).prefix_with("or replace").values({**before[table.name][-1], **changes})
        with pytest.raises(sa.exc.IntegrityError, match="append-only"):
            connection.execute(forged)
    assert contents(url) == before


@pytest.mark.parametrize(("setting", "statement"), ONLY["postgresql"].values(), ids=ONLY["postgresql"])
def test_postgresql_refuses_to(postgres: Postgres, setting: str, statement: str) -> None:
    url = filled(postgres.create())
    before = contents(url)
    with connected(url) as connection:
        connection.exec_driver_sql(setting)
        with pytest.raises(sa.exc.IntegrityError, match="append-only"):
            connection.exec_driver_sql(statement)
        connection.rollback()
    assert contents(url) == before
    postgres.drop(url)


def test_without_the_guards_the_keys_still_refuse_a_fork_and_a_second_reversal(store_url: str) -> None:
    rows = contents(filled(store_url))["entry"]
    drop_guards(store_url)
    fork, second = next_row(rows, prev_hash=rows[0]["hash"]), next_row(rows, reverses_seq=2)
    for forged in (fork, second, {**rows[0], "seq": 4}):
        with pytest.raises(sa.exc.IntegrityError), connected(store_url) as connection:
            connection.execute(sa.insert(ENTRY).values(forged))
    assert contents(store_url)["entry"] == rows


GUARDS = {
    "sqlite": [
        *("entry_continues", "entry_no_delete", "entry_no_update"),
        *("event_continues", "event_no_delete", "event_no_update"),
        *("head_goes_forward", "head_is_one", "head_no_delete"),
        *("refusal_continues", "refusal_no_delete", "refusal_no_update"),
    ],
    "postgresql": [
        *("entry_append_only", "entry_continues", "event_append_only", "event_continues"),
        *("head_goes_forward", "head_stays", "refusal_append_only"),
    ],
}


@pytest.mark.parametrize(
    ("dialect", "guard"), [(dialect, guard) for dialect, guards in GUARDS.items() for guard in guards]
)
def test_a_store_without_one_of_its_guards_is_not_opened(
    postgres: Postgres, tmp_path: Path, dialect: str, guard: str
) -> None:
    url = filled(postgres.create() if dialect == "postgresql" else f"sqlite:///{tmp_path / 'tppq.db'}")
    before = contents(url)
    with connected(url) as connection:
        table = "" if dialect == "sqlite" else f" on {guard.partition('_')[0]}"
        connection.exec_driver_sql(f"drop trigger {guard}{table}")
    with pytest.raises(Misconfigured) as refused:
        Ledger.open(url)
    assert refused.value.detail == (
        f"{refused.value.store} is not append-only: {guard} missing, changed or disabled; run tppq init to "
        "put them back, then tppq verify to see what was done without them"
    )
    Ledger.init(url, opening=False).close()
    Ledger.open(url).close()
    assert contents(url) == before


WEAKENED = {
    "table balance": "check (headroom_tpp >= 0 or overdraft_approver is not null)",
    "table entry": "check (tpp > 0)",
    "table head": "check (one = 1)",
}


@pytest.mark.parametrize("table", WEAKENED)
def test_a_file_whose_table_lost_a_check_is_not_opened(tmp_path: Path, table: str) -> None:
    url = filled(f"sqlite:///{tmp_path / 'tppq.db'}")
    change = "update sqlite_schema set sql = replace(sql, ?, 'check (1)') where name = ?"
    with connected(url) as connection:
        connection.exec_driver_sql("pragma writable_schema = on")
        done = connection.exec_driver_sql(change, (WEAKENED[table], table.removeprefix("table ")))
        assert done.rowcount == 1
        connection.commit()
    with pytest.raises(Misconfigured) as refused:
        Ledger.open(url)
    said = f"is not append-only: {table} missing, changed or disabled; make the tables again"
    assert said in refused.value.detail


@pytest.mark.parametrize(
    "constraint",
    [
        "balance_headroom",
        "entry_no_fork",
        "entry_request_id_request_part_key",
        "entry_two_people",
        "head_one_row",
    ],
)
def test_a_database_whose_table_lost_a_key_or_a_check_is_not_opened(
    postgres: Postgres, constraint: str
) -> None:
    url = filled(postgres.create())
    with connected(url) as connection:
        connection.exec_driver_sql(f"alter table {constraint.partition('_')[0]} drop constraint {constraint}")
    with pytest.raises(Misconfigured, match=f"is not append-only: constraint {constraint} missing"):
        Ledger.open(url)
    postgres.drop(url)


def test_a_guard_that_a_replica_would_pass_is_taken_for_missing(postgres: Postgres) -> None:
    url = filled(postgres.create())
    with connected(url) as connection:
        connection.exec_driver_sql("alter table entry enable trigger entry_append_only")
    with pytest.raises(Misconfigured, match="entry_append_only missing, changed or disabled"):
        Ledger.open(url)


SELDOM = {
    "on a condition": [
        (
            "create or replace trigger entry_append_only before update or delete or truncate on entry "
            "for each statement when (false) execute function tppq_append_only()"
        ),
        "alter table entry enable always trigger entry_append_only",
    ],
    "for some columns": [
        (
            "create or replace trigger head_goes_forward before update of regime on head "
            "for each row execute function tppq_head_goes_forward()"
        ),
        "alter table head enable always trigger head_goes_forward",
    ],
    "with an argument": [
        (
            "create or replace trigger event_continues before insert on event "
            "for each row execute function tppq_event_continues('quiet')"
        ),
        "alter table event enable always trigger event_continues",
    ],
    "by a function of another schema": [
        "create schema beside",
        "create table beside.event (like public.event)",
        (
            "create function beside.tppq_event_continues() returns trigger language plpgsql "
            "set search_path = beside as {body}"
        ),
        (
            "create or replace trigger event_continues before insert on event "
            "for each row execute function beside.tppq_event_continues()"
        ),
        "alter table event enable always trigger event_continues",
    ],
}


@pytest.mark.parametrize("statements", SELDOM.values(), ids=SELDOM)
def test_a_guard_that_seldom_fires_or_looks_elsewhere_is_taken_for_missing(
    postgres: Postgres, statements: Sequence[str]
) -> None:
    url = filled(postgres.create())
    with connected(url) as connection:
        query = "select quote_literal(prosrc) from pg_proc where proname = 'tppq_event_continues'"
        body = connection.exec_driver_sql(query).scalar_one()
        for statement in statements:
            connection.exec_driver_sql(statement.format(body=body).replace("%", "%%"))
    with pytest.raises(Misconfigured, match=r"is not append-only: \w+ missing, changed or disabled; run tp"):
        Ledger.open(url)
    Ledger.init(url, opening=False).close()
    Ledger.open(url).close()
    postgres.drop(url)


HARMLESS = {
    "sqlite": [
        "drop trigger entry_no_update",
        "create trigger entry_no_update before update on entry begin select 1; end",
    ],
    "postgresql": [
        "create function harmless() returns trigger language plpgsql as 'begin return new; end'",
        "drop trigger entry_append_only on entry",
        (
            "create trigger entry_append_only before update or delete or truncate on entry "
            "for each statement execute function harmless()"
        ),
        "alter table entry enable always trigger entry_append_only",
    ],
}


def test_a_guard_that_was_replaced_by_a_harmless_one_is_taken_for_missing(store_url: str) -> None:
    with connected(filled(store_url)) as connection:
        for statement in HARMLESS[connection.dialect.name]:
            connection.exec_driver_sql(statement)
    with pytest.raises(Misconfigured, match="is not append-only: entry_"):
        Ledger.open(store_url)
    Ledger.init(store_url, opening=False).close()
    Ledger.open(store_url).close()
    with pytest.raises(sa.exc.IntegrityError, match="append-only"), connected(store_url) as connection:
        connection.exec_driver_sql("update entry set tpp = 1")
