"""Owner, writer and reader of a ledger on PostgreSQL: who works on it cannot take back what was written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from ledger import Ledger, Misconfigured, NotPermitted, doctor, roles, schema, upgrade
from ledger.cli import run
from ledger.database import Database
from ledger.settings import by_flags
from ledger.store import Store
from tests.clock import Clock
from tests.outside import contents
from tests.postgres import Postgres, connect
from tests.shared import DAY, LOGIN, create, entry

CLOCK = Clock(DAY)


class Apart(NamedTuple):
    """A shared ledger whose owner, writers and readers are kept apart: the URL of each."""

    owner: str
    writer: str
    reader: str


@pytest.fixture(scope="module", name="apart")
def _apart(postgres: Postgres) -> Apart:
    """A store that every attack is tried on: none of them is to change it."""
    return separated(postgres)


def separated(postgres: Postgres) -> Apart:
    owner = postgres.create()
    writer = create(owner, CLOCK)
    with connect(owner) as connection:
        connection.execute(
            "do $$ begin if not exists (select 1 from pg_roles where rolname = 'watcher') then "
            "create role watcher login in role tppq_reader; end if; end $$"
        )
    reader = owner.replace("postgres@", "watcher@")
    with Ledger.open(writer, actor="maria", clock=CLOCK) as ledger:
        ledger.post(entry("license", "AE", 10, license_no="L1"), request_id="license-1")
    return Apart(owner, writer, reader)


def wrong(url: str, *, shared: bool = True) -> list[str]:
    """What is wrong for whoever connects by this URL, without the way out."""
    return [fault.said for fault in faults(url, shared=shared)]


def faults(url: str, *, shared: bool = True) -> list[roles.Fault]:
    """What is wrong for whoever connects by this URL, and what to do about it."""
    store = Store(Database(url, 10))
    try:
        return roles.wrong("postgresql", store.read, shared=shared)
    finally:
        store.close()


# ---------------------------------------------------------------------------------------- the bypass list

LIKE_ENTRY_3 = (
    "insert into entry select (r).* from (select jsonb_populate_record(e, "
    "jsonb_build_object('seq', {seq}, 'prev_hash', {prev}, 'request_id', {id}, 'hash', repeat('f', 64))) "
    "as r from entry as e where e.seq = 3) as forged"
)
FORGED = LIKE_ENTRY_3.format(seq="4", prev="e.hash", id="'forged'")
GAP = LIKE_ENTRY_3.format(seq="9", prev="repeat('e', 64)", id="'forged'")

ALIKE = {
    "update an entry": "update entry set tpp = 1 where seq = 1",
    "update no entry": "update entry set tpp = 1 where false",
    "delete an entry": "delete from entry where seq = 3",
    "delete every entry": "delete from entry",
    "truncate": "truncate entry",
    "truncate all": "truncate entry, event, refusal, balance, head cascade",
    "upsert an entry": f"{GAP} on conflict (seq) do update set tpp = 1",
    "upsert by request": (
        f"{LIKE_ENTRY_3.format(seq='4', prev='e.hash', id='e.request_id')} "
        "on conflict (request_id, request_part) do update set tpp = 1"
    ),
    "merge": "merge into entry using (select 1) on true when matched then update set tpp = 1",
    "update an event": "update event set detail = '{}'",
    "delete an event": "delete from event where topic = 'person'",
    "truncate events": "truncate event",
    "update a refusal": "update refusal set problem = '{}'",
    "delete a refusal": "delete from refusal",
    "delete the head": "delete from head",
    "a second head": "insert into head select * from head",
    "unshare": "update head set shared = 0",
    "another regime": "update head set regime = 'uae-2026'",
    "another name": "update head set origin = 'mine'",
    "another key": "update head set salt_key = ''",
    "another schema": "update head set schema_version = 1",
    "delete a balance": "delete from balance",
    "drop a trigger": "drop trigger entry_append_only on entry",
    "disable a trigger": "alter table entry disable trigger entry_append_only",
    "disable them all": "alter table entry disable trigger all",
    "enable it for origins": "alter table entry enable trigger entry_append_only",
    "another trigger": (
        "create trigger zero before insert on entry for each row execute function tppq_head_goes_forward()"
    ),
    "a harmless function": (
        "create or replace function tppq_append_only() returns trigger language plpgsql as "
        "'begin return null; end'"
    ),
    "alter the function": "alter function tppq_entry_continues() set search_path = pg_temp",
    "play the replica": "set session_replication_role = replica",
    "alter the table": "alter table entry alter column tpp drop not null",
    "drop a check": "alter table entry drop constraint entry_two_people",
    "drop a key": "alter table entry drop constraint entry_no_fork",
    "another index": "create unique index on entry (country)",
    "rename it": "alter table entry rename to entries",
    "own it": "alter table entry owner to current_user",
    "drop it": "drop table entry",
    "a rule": "create rule instead as on update to entry do instead nothing",
    "row security": "alter table entry enable row level security",
    "inherit": "alter table entry inherit event",
    "be the owner": "set role tppq_owner",
    "be the superuser": "set session authorization postgres",
    "join the owner": "grant tppq_owner to current_user",
    "a table beside it": "create table forged (seq bigint)",
    "a schema before it": "create schema forged",
    "lock everybody out": "lock table entry in access exclusive mode",
    "lock the head as a table": "lock table head in access exclusive mode",
    "lock entries": "select 1 from entry for update",
    "share entries": "select 1 from entry for share",
    "copy over it": "copy entry from program 'true'",
    "a file of the server": "copy entry to '/tmp/entry.csv'",
    "the catalog": "update pg_trigger set tgenabled = 'D'",
    "end the others": "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'",
}
"""Refused to the writer and to the reader alike."""


@pytest.mark.parametrize("role", ["writer", "reader"])
@pytest.mark.parametrize("attack", ALIKE.values(), ids=ALIKE)
def test_neither_writer_nor_reader_can(apart: Apart, role: str, attack: str) -> None:
    refused(apart, getattr(apart, role), attack)


def attack_with(connection: psycopg.Connection[Any], statements: Iterable[str]) -> None:
    for each in statements:
        connection.execute(each.encode())


def refused(apart: Apart, url: str, *attack: str) -> None:
    """By rights alone, or where the writer has those, by a guard or a check."""
    before = contents(apart.owner)
    rights = psycopg.errors.InsufficientPrivilege
    by = (rights, psycopg.IntegrityError) if url == apart.writer else (rights,)
    with pytest.raises(psycopg.Error) as error, connect(url) as connection:
        attack_with(connection, attack)
    assert isinstance(error.value, by), error.value
    assert contents(apart.owner) == before


READER_ALONE = {
    "insert an entry": FORGED,
    "insert a refusal": "insert into refusal values ('x', 1, null, '{}', '', 'me')",
    "insert an event": "insert into event values (999, '', 'me', 'person', 'me', 'added', '{}', '', '')",
    "insert a balance": "insert into balance (quota, license_no) values ('country/AE', 'x')",
    "change a balance": "update balance set headroom_tpp = 5000",
    "move the head": "update head set seq = seq + 1",
    "lock the head": "select 1 from head for update",
    "share the head": "select 1 from head for share",
    "copy into it": "copy entry from stdin",
    "lock rows out": "lock table entry in row exclusive mode",
}


@pytest.mark.parametrize("attack", READER_ALONE.values(), ids=READER_ALONE)
def test_a_reader_cannot(apart: Apart, attack: str) -> None:
    refused(apart, apart.reader, attack)


WRITER_ALONE = {
    "leave a gap": (GAP,),
    "fork": (LIKE_ENTRY_3.format(seq="4", prev="e.prev_hash", id="'forged'"),),
    "post a request twice": (LIKE_ENTRY_3.format(seq="4", prev="e.hash", id="e.request_id"),),
    "approve alone": (FORGED.replace("'seq', 4", "'seq', 4, 'approver', e.actor"),),
    "take the head back": ("update head set seq = 1",),
    "take its clock back": ("update head set recorded_at = ''",),
    "move it without its tree": ("update head set seq = seq + 1",),
    "an event out of order": (
        "insert into event values (9999, '', 'me', 'person', 'me', 'added', '{}', repeat('0', 64), 'x')",
    ),
    "a second first event": (
        "insert into event values (1, '', 'me', 'person', 'me', 'added', '{}', repeat('0', 64), 'x')",
    ),
    "headroom below zero": ("update balance set headroom_tpp = -1, overdraft_approver = null",),
    "an entry table of its own": (
        "create temporary table entry (like public.entry)",
        "insert into pg_temp.entry select * from public.entry where seq = 3",
        "update pg_temp.entry set seq = 8, hash = repeat('e', 64)",
        GAP.replace("into entry", "into public.entry").replace("from entry", "from public.entry"),
    ),
    "the same, set before it": (
        "set search_path = pg_temp, public",
        "create temporary table event (like public.event)",
        "insert into public.event values (1, '', 'me', 'person', 'me', 'added', '{}', repeat('0', 64), 'x')",
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", WRITER_ALONE.values(), ids=WRITER_ALONE)
def test_a_writer_cannot(apart: Apart, attack: tuple[str, ...]) -> None:
    refused(apart, apart.writer, *attack)


def test_without_its_search_path_the_guard_would_look_at_a_table_of_that_name(postgres: Postgres) -> None:
    apart = separated(postgres)
    with connect(apart.owner) as owner:
        owner.execute("alter function tppq_entry_continues() reset search_path")
    assert wrong(apart.writer) == ["not the owner's, or not bound to these tables: tppq_entry_continues"]
    with connect(apart.writer) as writer:
        attack_with(writer, WRITER_ALONE["an entry table of its own"])
    assert contents(apart.owner)["entry"][-1]["seq"] == 9
    postgres.drop(apart.owner)


def test_what_a_writer_can_do_by_hand_is_add_and_verify_finds_what_was_not_judged(postgres: Postgres) -> None:
    apart = separated(postgres)
    with connect(apart.writer) as writer:
        writer.execute(FORGED.encode())
    with Ledger.open(apart.writer, actor="ines", clock=CLOCK) as ledger:
        assert "head" in {row["check"] for row in ledger.verify()}
    postgres.drop(apart.owner)


def test_a_grant_of_what_one_has_not_gives_nothing(apart: Apart) -> None:
    for url in (apart.writer, apart.reader):
        with connect(url) as connection:
            connection.execute("grant update, delete on entry to public")
        assert wrong(url) == []


def test_the_tables_of_the_roles_are_those_of_the_ledger(apart: Apart) -> None:
    assert sorted(contents(apart.owner)) == sorted(roles.TABLES)


# ---------------------------------------------------------------------------------------- the work of each


def test_a_writer_posts_and_a_reader_asks(apart: Apart) -> None:
    with Ledger.open(apart.reader, actor="vera", clock=CLOCK) as ledger:
        assert [row["country"] for row in ledger.headroom()] == ["AE", "KZ"]
    with connect(apart.reader) as reader:
        assert reader.execute("select count(*) from entry").fetchone() == (3,)
    assert wrong(apart.writer) == wrong(apart.reader) == []


# -------------------------------------------------------------------------------------- a wrong set-up


def test_the_superuser_does_not_work_on_a_ledger_that_is_kept_apart(apart: Apart) -> None:
    with pytest.raises(Misconfigured) as refused_:
        Ledger.open(apart.owner, actor="root", clock=CLOCK)
    assert refused_.value.detail == (
        f"{refused_.value.store} is not safe from whoever works on it: postgres is a superuser, whom no "
        "guard stops (connect as a member of tppq_writer or tppq_reader: create role NAME login in role "
        "tppq_writer)"
    )


LOOSE = {
    "a member of the owner": (
        "grant tppq_owner to {login}", "{login} is a member of tppq_owner, and may drop the guards",
    ),
    "a member of the superuser": (
        "grant postgres to {login}", "{login} is a member of postgres, whom no guard stops",
    ),
    "updates for one": ("grant update on entry to {login}", "{login} has UPDATE on entry"),
    "deletes for all": ("grant delete on entry to public", "PUBLIC has DELETE on entry"),
    "truncates for writers": ("grant truncate on event to tppq_writer", "tppq_writer has TRUNCATE on event"),
    "inserts for readers": ("grant insert on entry to tppq_reader", "tppq_reader has INSERT on entry"),
    "one column": ("grant update (tpp) on entry to {login}", "{login} has UPDATE on entry (tpp)"),
    "the head's fixed columns": (
        "grant update (shared) on head to tppq_writer", "tppq_writer has UPDATE on head (shared)"
    ),
    "the head's every column": ("grant update on head to tppq_writer", "tppq_writer has UPDATE on head"),
    "every table there is": (
        "grant pg_write_all_data to {login}",
        "{login} has DELETE on entry, DELETE on event, DELETE on refusal, UPDATE on entry, UPDATE on ev",
    ),
    "tables beside it": (
        "grant create on schema public to tppq_writer", "tppq_writer may create tables and functions besid",
    ),
    "tables beside it for all": (
        "grant create on schema public to public", "PUBLIC may create tables and functions beside the led",
    ),
    "tables beside it for one": (
        "grant create on schema public to {login}", "{login} may create tables and functions beside the le",
    ),
    "a grant to pass on": (
        "grant insert on entry to tppq_writer with grant option", "tppq_writer may pass on INSERT on entry",
    ),
    "a grant passed on": (
        "grant update on head to {login} with grant option; set role {login}; grant all on head to watcher",
        "watcher has UPDATE on head",
    ),
    "an owner who logs in": ("alter role tppq_owner login", "tppq_owner can log in"),
    "another owner's guard": (
        "alter function tppq_append_only() owner to {login}",
        "not the owner's, or not bound to these tables: tppq_append_only",
    ),
    "another owner's head": (
        "alter table head owner to {login}", "not the owner's, or not bound to these tables: head",
    ),
    "no refusals for writers": ("revoke insert on refusal from tppq_writer", "tppq_writer lacks INSERT on "),
    "no head for writers": (
        "revoke update on head from tppq_writer",
        "lacks UPDATE on head (hash), UPDATE on head (recorded_at), UPDATE on head (seq), UPDATE on head (",
    ),
    "no balances for readers": (
        "revoke select on balance from tppq_reader", "tppq_reader lacks SELECT on balance"
    ),
    "nothing for writers": (
        "revoke all on entry, event, balance, head from tppq_writer; grant select on head to {login}",
        "tppq_writer lacks INSERT on balance, SELECT on balance, UPDATE on balance, INSERT on entry",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "said"), LOOSE.values(), ids=LOOSE)
def test_a_wrong_set_up_is_not_opened_and_what_is_advised_mends_it(
    postgres: Postgres, statement: str, said: str
) -> None:
    apart = separated(postgres)
    login = f"{make_url(apart.owner).database} Login"
    url = apart.owner.replace("postgres@", f"{login.replace(' ', '%20')}@")
    with connect(apart.owner) as owner:
        owner.execute(f'create role "{login}" login in role tppq_writer'.encode())
    assert faults(url) == []
    with connect(apart.owner) as owner:
        owner.execute(statement.format(login=f'"{login}"').encode())
    try:
        with pytest.raises(Misconfigured, match="is not safe from whoever works on it: ") as error:
            Ledger.open(url, actor="maria", clock=CLOCK)
        assert said.format(login=login) in error.value.detail
        assert checked(url) in {77, 78} or " is a member of tppq_owner" in said
        assert checked(apart.owner) == 78 or said.startswith("{login} ")
        for _ in range(3):
            for fault in faults(url):
                url = followed(fault.advice, apart.owner, url)
        assert faults(url) == []
        assert (checked(url), checked(apart.owner)) == (0, 0)
        with Ledger.open(url, actor="maria", clock=CLOCK) as ledger:
            ledger.post(entry("license", "AE", 10, license_no="L2"))
    finally:
        with connect(apart.owner) as owner:
            owner.execute("alter role tppq_owner nologin")
        postgres.drop(apart.owner)


def checked(url: str) -> int:
    return run(["db", "check", "--ledger", url], clock=CLOCK)


def followed(advice: str, owner: str, url: str) -> str:
    """Do literally what is advised to whoever connects by this URL; the URL by which they do from then on."""
    if advice == "run tppq db init as the superuser":
        assert run(["db", "init", "--ledger", owner], clock=CLOCK, actor="root") == 0
        return url
    what, _, statement = advice.partition(": ")
    name = f"{make_url(url).database}_made"
    with connect(owner) as superuser:
        superuser.execute(statement.replace(" NAME ", f" {name} ").encode())
    if what == "run as the superuser":
        return url
    assert what == "connect as a member of tppq_writer or tppq_reader"
    return owner.replace("postgres@", f"{name}@")


def test_the_doctor_finds_what_writers_lack(postgres: Postgres) -> None:
    apart = separated(postgres)
    with connect(apart.owner) as owner:
        owner.execute("revoke insert on refusal from tppq_writer")
    checks, _ = doctor.examine(by_flags({"ledger": apart.reader}))
    assert [each for each in checks if each.check == "roles"] == [
        ("roles", "fail", "tppq_writer lacks INSERT on refusal", "run tppq db init as the superuser")
    ]
    postgres.drop(apart.owner)


def test_who_may_not_even_look_is_told_what_lets_them(postgres: Postgres) -> None:
    apart = separated(postgres)
    with connect(apart.owner) as owner:
        owner.execute("revoke select on head from tppq_reader")
    with pytest.raises(NotPermitted, match=r"permission denied for table head; .* run tppq db init as"):
        Ledger.open(apart.reader, actor="vera", clock=CLOCK)
    followed("run tppq db init as the superuser", apart.owner, apart.reader)
    Ledger.open(apart.reader, actor="vera", clock=CLOCK).close()
    postgres.drop(apart.owner)


def test_a_shared_ledger_on_postgresql_must_be_kept_apart(postgres: Postgres) -> None:
    url = postgres.create()
    with Ledger.init(url, opening=False, actor="root", clock=CLOCK) as ledger:
        ledger.share()
    with pytest.raises(
        Misconfigured, match=r"its tables belong to postgres, not to tppq_owner \(run tppq db"
    ):
        Ledger.open(url, actor="root", clock=CLOCK)
    postgres.drop(url)


def test_a_ledger_of_one_person_belongs_to_them_and_need_not_be(postgres: Postgres) -> None:
    url = postgres.create()
    Ledger.init(url, opening=False, clock=CLOCK).close()
    assert wrong(url, shared=False) == []
    assert roles.wrong("sqlite", lambda _name: [], shared=True) == []
    postgres.drop(url)


@pytest.mark.parametrize(("joins", "by"), [("cora", ""), ("makers", " as a member of makers")])
def test_who_may_create_roles_is_unfit_where_that_lets_them_join_the_owner(
    apart: Apart, joins: str, by: str
) -> None:
    store = Store(Database(apart.writer, 10))
    found = roles.here(store.read)
    assert found.joins is None  # from PostgreSQL 16 on it lets nobody
    older = found._replace(user="cora", joins=joins)
    said = [fault.said for fault in roles.unfit(older, store.read)]
    store.close()
    assert said == [f"cora may create roles{by}, and with that join tppq_owner"]


def test_separating_again_changes_nothing_and_takes_back_what_was_given_too_much(postgres: Postgres) -> None:
    apart = separated(postgres)
    with connect(apart.owner) as owner:
        owner.execute("grant delete, update on entry to tppq_writer; grant update on entry to public")
    assert len(wrong(apart.writer)) == 3
    upgrade.separate(Database(apart.owner, 10))
    assert wrong(apart.writer) == []
    postgres.drop(apart.owner)


def test_an_owner_who_may_create_roles_needs_no_superuser(postgres: Postgres) -> None:
    url = postgres.create()
    name = url.partition("@/")[2].partition("?")[0]
    with connect(url) as superuser:
        superuser.execute("create role keeper login createrole")
        superuser.execute("grant tppq_owner, tppq_writer, tppq_reader to keeper with admin option")
        superuser.execute("alter schema public owner to keeper")
        superuser.execute(sql.SQL("grant create on database {} to keeper").format(sql.Identifier(name)))
    keeper = url.replace("postgres@", "keeper@")
    Ledger.init(keeper, opening=False, actor="keeper", clock=CLOCK).close()
    upgrade.separate(Database(keeper, 10))
    assert wrong(url.replace("postgres@", "worker@")) == []
    assert wrong(keeper) == ["keeper is a member of tppq_owner, and may drop the guards"]
    postgres.drop(url)


def test_every_function_of_the_guards_is_given_to_the_owner() -> None:
    script = schema.sql("store/roles.postgresql.sql")
    made = schema.sql("store/append_only.postgresql.sql").split("create or replace function ")[1:]
    assert [name for name in (each.partition("(")[0] for each in made) if f"'{name}'" not in script] == []


def test_whoever_writes_may_repeat_init_where_the_guards_are_whole(postgres: Postgres) -> None:
    url = postgres.create()
    with Ledger.init(url, actor="root", clock=CLOCK) as ledger:
        ledger.share()
    upgrade.separate(Database(url, 10))
    with connect(url) as owner:
        owner.execute(LOGIN)
    writer = url.replace("postgres@", "worker@")
    before = contents(url)
    Ledger.init(writer, actor="root", clock=CLOCK).close()
    assert contents(url) == before
    postgres.drop(url)
