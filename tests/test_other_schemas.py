"""A ledger on PostgreSQL among the schemas of others: its own is where its head is; theirs are left alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import sql
from sqlalchemy import make_url

from ledger import Ledger, Misconfigured, checkup
from ledger.cli import run
from ledger.database import Database
from tests.clock import Clock
from tests.outside import by_hand, contents
from tests.postgres import Postgres, connect
from tests.shared import DAY, create, entry
from tests.test_upgrade import dumped, upgraded

CLOCK = Clock(DAY)
WATCHER = (
    "do $$ begin if not exists (select 1 from pg_roles where rolname = 'watcher') then "
    "create role watcher login in role tppq_reader; end if; end $$"
)


@pytest.fixture(name="url")
def _url(postgres: Postgres) -> Iterator[str]:
    """An empty database, by its superuser."""
    url = postgres.create()
    yield url
    postgres.drop(url)


def within(url: str, path: str) -> str:
    """The URL at which a session looks into these schemas."""
    return f"{url}&options=-csearch_path%3D{path}"


def did(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """What the last of some statements answers, on a connection of the superuser's own."""
    with connect(url) as connection:
        for each in statements:
            cursor = connection.execute(each.encode())
        return cursor.fetchall() if cursor.description else []


def init(url: str) -> int:
    return run(["db", "init", "--ledger", url], clock=CLOCK, actor="root")


def checked(url: str) -> dict[str, tuple[str, str, str]]:
    return {each.check: (each.state, each.found, each.advice) for each in checkup.check(Database(url, 10))}


def posts_and_verifies(url: str) -> None:
    with Ledger.open(url, actor="maria", clock=CLOCK) as ledger:
        ledger.post(entry("license", "AE", 10, license_no="L1"))
    with Ledger.open(url, actor="ines", clock=CLOCK) as ledger:
        assert ledger.verify().rows() == []


def tables(url: str) -> list[tuple[Any, ...]]:
    """Which schema has which tables and views, and whose they are."""
    return did(
        url,
        "select relnamespace::regnamespace::text, relname, relowner::regrole::text, relacl::text "
        "from pg_class where relkind in ('r', 'v', 'm') and relnamespace::regnamespace::text not in "
        "('information_schema', 'pg_catalog', 'pg_toast') order by 1, 2",
    )


# ------------------------------------------------------------------------------ schema report of another

THEIRS = {
    "a table": ("create table report.salaries (who text)", "table report.salaries"),
    "a view of that name": ("create view report.entry as select 1 as seq", "view report.entry"),
    "a view of their own": ("create view report.mine as select 1 as one", "view report.mine"),
    "a stored view": ("create materialized view report.meta as select 1 as seq", "view report.meta"),
    "a function": ("create function report.one() returns int language sql as 'select 1'", "report.one()"),
    "a type": ("create type report.color as enum ('red')", "type report.color"),
    "a sequence": ("create sequence report.counter", "sequence report.counter"),
}


@pytest.mark.parametrize(("statement", "named"), THEIRS.values(), ids=THEIRS)
def test_a_schema_report_with_something_of_somebody_elses_is_refused_before_anything_is_made(
    url: str, capsys: pytest.CaptureFixture[str], statement: str, named: str
) -> None:
    rights = "select nspacl::text, obj_description(oid) from pg_namespace where nspname = 'report'"
    did(url, "create schema report", "comment on schema report is 'Pay'", statement)
    before = tables(url), did(url, rights)
    assert init(url) == 78
    err = capsys.readouterr().err
    assert "schema report at " in err
    assert named in err
    assert (tables(url), did(url, rights)) == before
    did(url, err.rpartition("run: ")[2].strip().replace("NAME", "pay"))
    assert init(url) == 0
    assert did(url, "select seq >= 0 from report.meta") == [(True,)]


def test_of_many_things_in_schema_report_some_are_named_and_the_others_counted(url: str) -> None:
    did(url, "create schema report", *(f"create table report.t{number} (a int)" for number in range(7)))
    with pytest.raises(Misconfigured, match=r"\(table report.t0, .*, table report.t4 and 2 more\): move"):
        create(url, CLOCK)


def test_an_empty_schema_report_keeps_its_rights_and_its_comment(url: str) -> None:
    did(
        url, "create schema report", "comment on schema report is 'Ours'",
        "grant usage on schema report to public",
        "alter default privileges in schema report grant select on tables to pg_monitor",
    )  # fmt: skip
    for _ in range(2):
        assert init(url) == 0
    query = (
        "select obj_description(oid), has_schema_privilege('pg_monitor', oid, 'usage'), "
        "has_schema_privilege('tppq_reader', oid, 'usage'), "
        "has_table_privilege('pg_monitor', 'report.entry', 'select'), "
        "has_table_privilege('tppq_reader', 'report.license', 'select') "
        "from pg_namespace where nspname = 'report'"
    )
    assert did(url, query) == [("Ours", True, True, True, True)]


def test_readers_are_given_the_views_of_the_ledger_and_nobody_else_is(url: str) -> None:
    assert init(url) == 0
    given = did(
        url,
        "select c.relname, a.grantee::regrole::text, a.privilege_type from pg_class as c, "
        "aclexplode(c.relacl) as a where c.relnamespace = 'report'::regnamespace and a.grantee <> c.relowner "
        "order by 1",
    )
    views = ("entry", "headroom", "license", "meta", "statement")
    assert given == [(view, "tppq_reader", "SELECT") for view in views]


# -------------------------------------------------------------------------- two ledgers in one database


def test_the_views_of_one_ledger_are_not_turned_to_another_in_the_same_database(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    did(url, "create schema a", "create schema b")
    one, other = within(url, "a"), within(url, "b")
    assert init(one) == 0
    shown = "select head_hash from report.meta"
    before = tables(url), did(url, shown)
    capsys.readouterr()
    assert init(other) == 78
    err = capsys.readouterr().err
    assert "shows the ledger in schema a: give this one a database of its own; or, where it is to be " in err
    assert (tables(url), did(url, shown)) == before
    assert init(one) == 0
    assert did(url, shown) == before[1]
    did(url, err.rpartition("run: ")[2].strip())
    assert init(other) == 0
    assert init(one) == 78


def test_after_an_upgrade_of_the_same_ledger_its_views_are_put_anew(url: str) -> None:
    dumped(url, 1)
    upgraded(url)
    for _ in range(2):
        assert init(url) == 0
    assert did(url, "select count(*) from report.entry") == [(171,)]
    assert all(row["hash"] == by_hand(row) for row in contents(url)["entry"])


# --------------------------------------------------------------------------- which schema is the ledger's


@pytest.mark.parametrize("name", ["Prod", 'Le dger %:@"', "report_of", "select"])
def test_a_schema_of_any_name_holds_a_ledger_and_its_own_guards_are_looked_at(url: str, name: str) -> None:
    did(url, "create schema prod")
    assert init(within(url, "prod")) == 0  # the one that "Prod" would be, were it folded
    did(url, "drop schema report cascade")
    with connect(url) as connection:
        schema, database = sql.Identifier(name), sql.Identifier(make_url(url).database or "")
        connection.execute(sql.SQL("create schema {}").format(schema))
        connection.execute(sql.SQL("alter database {} set search_path = {}").format(database, schema))
    writer = create(url, CLOCK)
    posts_and_verifies(writer)
    assert {state for state, _, _ in checked(writer).values()} == {"ok"}
    did(url, "drop trigger entry_continues on entry", "grant delete on event to worker")
    assert checked(writer)["guards"][:2] == ("fail", "entry_continues missing, changed or disabled")
    state, found, advice = checked(writer)["roles"]
    assert (state, found) == ("fail", "worker has DELETE on event")
    did(url, advice.removeprefix("run as the superuser: "))
    assert init(url) == 0
    assert {state for state, _, _ in checked(writer).values()} == {"ok"}


@pytest.mark.parametrize(
    "path", ["%22$user%22,public", "pg_catalog,public", "pg_temp,public", "nowhere,public"]
)
def test_a_schema_before_the_ledgers_own_changes_nothing(url: str, path: str) -> None:
    writer = create(url, CLOCK)
    did(url, "create schema worker authorization worker", "create schema postgres")
    people, superuser = within(writer, path), within(url, path)
    posts_and_verifies(people)
    assert {state for state, _, _ in checked(people).values()} == {"ok"}
    before = tables(url)
    did(url, "drop trigger entry_continues on entry", "revoke insert on refusal from tppq_writer")
    assert init(superuser) == 0
    assert tables(url) == before
    assert {state for state, _, _ in checked(people).values()} == {"ok"}


def test_a_ledger_that_is_not_there_yet_is_made_in_the_first_schema(url: str) -> None:
    did(url, "create schema postgres")
    Ledger.init(within(url, "%22$user%22,public"), opening=False, clock=CLOCK).close()
    assert {schema for schema, *_ in tables(url)} == {"postgres"}


def test_where_another_schema_hides_a_table_of_the_ledger_its_own_is_to_be_named(url: str) -> None:
    create(url, CLOCK)
    did(url, WATCHER)
    reader = url.replace("postgres@", "watcher@")
    hiding = within(reader, "report,public")
    with pytest.raises(Misconfigured, match="another schema is looked at before public for entry") as refused:
        Ledger.open(hiding, actor="vera", clock=CLOCK)
    state, found, advice = checked(hiding)["roles"]
    assert (state, found) == ("fail", "another schema is looked at before public for entry")
    assert advice in refused.value.detail
    Ledger.open(f"{reader}&{advice.rpartition('?')[2]}", actor="vera", clock=CLOCK).close()


def test_schema_report_itself_holds_no_ledger(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    did(url, "create schema report")
    assert init(within(url, "report")) == 78
    assert "report holds what is no view of the ledger (the ledger itself)" in capsys.readouterr().err
    assert tables(url) == []
