"""A PostgreSQL ledger asked by any SQL client: schema `report`, by a member of tppq_reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from ledger import Ledger, Misconfigured, schema, upgrade
from ledger.database import Database
from tests.clock import Clock
from tests.postgres import Postgres, connect
from tests.shared import DAY, create, entry
from tests.small import ASKED_ON, fill

ANALYST = (
    "do $$ begin if not exists (select 1 from pg_roles where rolname = 'analyst') then "
    "create role analyst login in role tppq_reader; "
    "alter role analyst set statement_timeout = '1s'; end if; end $$"
)


@pytest.fixture(name="url", scope="module")
def _url(postgres: Postgres) -> Iterator[str]:
    url = postgres.create()
    fill(url).close()
    upgrade.separate(Database(url, 10))
    for _ in range(2):  # it may be run again
        with connect(url) as connection:
            connection.execute(schema.sql("store/report.postgresql.sql").encode())
            connection.execute(ANALYST)
    yield url.replace("postgres@", "analyst@")
    postgres.drop(url)


@pytest.fixture(name="analyst")
def _analyst(url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with connect(url) as connection:
        connection.execute("set search_path = report")
        yield connection


def test_its_figures_are_those_of_the_ledger(url: str, analyst: psycopg.Connection[tuple[Any, ...]]) -> None:
    columns = ("country", "allocated_tpp", "licensed_tpp", "exported_tpp", "blocked_tpp", "headroom_tpp")
    found = analyst.execute("select * from headroom order by country").fetchall()
    with Ledger.open(url) as ledger:
        answered = sorted(ledger.headroom(as_of=ASKED_ON).rows(), key=lambda row: str(row["country"]))
        assert [row[:6] for row in found] == [tuple(row[name] for name in columns) for row in answered]
        assert [row[6] for row in found] == [row["used_percent"] for row in answered]
        stated = analyst.execute(
            "select seq, kind, tpp, headroom_after_tpp from statement where country = 'AE' order by seq"
        ).fetchall()
        assert stated == [
            (row["seq"], row["kind"], row["tpp"], row["headroom_after_tpp"]) for row in ledger.statement("AE")
        ]
        held = analyst.execute("select license_no, country, outstanding_tpp, exported_tpp from license")
        assert sorted(held.fetchall()) == sorted(
            (row["license_no"], row["country"], row["outstanding_tpp"], row["exported_tpp"])
            for row in ledger.licenses()
        )
        basis = ledger.headroom().basis
    assert analyst.execute("select seq, head_hash, regime from meta").fetchall() == [
        (basis["seq"], basis["head_hash"], basis["regime"])
    ]
    assert analyst.execute("select count(*), max(recorded_at) < now() from entry").fetchall() == [(14, True)]


def test_a_license_that_holds_something_again_shows_no_reason_why_it_was_given_back(
    postgres: Postgres,
) -> None:
    clock, url = Clock(DAY), postgres.create()
    held = "select outstanding_tpp, closed_reason from report.license"
    with Ledger.open(create(url, clock), actor="maria", clock=clock) as ledger:
        ledger.post(entry("license", "AE", 10, license_no="L-1"))
        (export,) = ledger.post(entry("export", "AE", 4, license_no="L-1"))
        ledger.post(entry("release", "AE", 6, license_no="L-1", reason="expired"))
        with connect(url) as owner:
            assert owner.execute(held.encode()).fetchall() == [(0, "expired")]
        ledger.reverse(export.seq, "canceled by customs")
    with connect(url) as owner:
        assert owner.execute(held.encode()).fetchall() == [(4, None)]
    postgres.drop(url)


def test_who_sees_schema_report_alone_asks_tppq_as_it_advises(
    url: str, analyst: psycopg.Connection[tuple[Any, ...]]
) -> None:
    analyst.execute("alter role analyst set search_path = report")
    analyst.commit()
    try:
        with pytest.raises(
            Misconfigured, match=r"run tppq init, or name the schema .*: \?options="
        ) as refused:
            Ledger.open(url, actor="ines")
        there = refused.value.detail.rpartition("?")[2].replace("SCHEMA", "public")
        with Ledger.open(f"{url}&{there}", actor="ines") as ledger:
            assert len(ledger.headroom()) > 0
    finally:
        analyst.execute("alter role analyst reset search_path")
        analyst.commit()


@pytest.mark.parametrize(
    "statement",
    [
        "update report.headroom set headroom_tpp = 1",
        "insert into report.entry (seq) values (15)",
        "delete from report.license",
        "create view report.more as select 1",
        "drop view report.headroom",
    ],
)
def test_it_reads_and_nothing_more(analyst: psycopg.Connection[tuple[Any, ...]], statement: str) -> None:
    with pytest.raises(psycopg.Error):
        analyst.execute(statement.encode())


def test_a_query_that_takes_too_long_is_ended(analyst: psycopg.Connection[tuple[Any, ...]]) -> None:
    with pytest.raises(psycopg.errors.QueryCanceled):
        analyst.execute("select pg_sleep(30)")


def test_every_view_says_what_a_row_is(analyst: psycopg.Connection[tuple[Any, ...]]) -> None:
    query = "select relname, obj_description(oid) from pg_class where relnamespace = 'report'::regnamespace"
    told = dict(analyst.execute(query).fetchall())
    assert sorted(told) == ["entry", "headroom", "license", "meta", "statement"]
    assert all(each.startswith("One row") for each in told.values())


def test_columns_are_called_as_in_the_core(analyst: psycopg.Connection[tuple[Any, ...]], url: str) -> None:
    with Ledger.open(url) as ledger:
        known = {row["column"] for row in ledger.dictionary()}
    query = "select column_name from information_schema.columns where table_schema = 'report'"
    assert {name for (name,) in analyst.execute(query)} - known == {"closed_reason", "schema_version"}
