"""Answers: the same rows, whether Python or Arrow holds them."""

from __future__ import annotations

import sys
from datetime import date, datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from ledger.answer import Answer, Rows, plain
from ledger.errors import Misconfigured

QUERY = """
select *
from (values
    (
        'AE', 9007199254740991, 1234.56::decimal(21, 2), date '2026-02-01',
        timestamp '2026-02-01 12:00:00.000001', true
    ),
    (null, null, null, null, null, null),
    ('SA', -1, -0.01::decimal(21, 2), date '2026-02-02', timestamp '2026-02-02 00:00:00', false)
) as v (country, tpp, h100e, on_day, known_at, fits)
"""


@pytest.fixture(name="rows")
def _rows() -> Rows:
    with duckdb.connect() as connection:
        answered = connection.execute(QUERY)
        return Rows.of_duckdb(answered.description, answered.fetchall())


def test_rows_of_duckdb_become_the_arrow_table_that_duckdb_itself_makes(rows: Rows) -> None:
    with duckdb.connect() as connection:
        assert rows.arrow().equals(connection.sql(QUERY).to_arrow_table().cast(rows.arrow().schema))
        assert rows.types == tuple(str(each.type) for each in connection.sql(QUERY).to_arrow_table().schema)


def test_a_type_that_no_answer_has_is_not_taken_for_a_decimal() -> None:
    with duckdb.connect() as connection:
        for query in ("select 1::hugeint as n", "select [1.5] as n", "select 1.5::double as n"):
            answered = connection.execute(query)
            with pytest.raises(AssertionError, match="no answer has"):
                Rows.of_duckdb(answered.description, answered.fetchall())


def test_rows_of_an_arrow_table_are_its_own(rows: Rows) -> None:
    assert Rows.of(rows.arrow()) == Rows(rows.names, rows.types, list(rows.rows))
    assert Rows.of(rows) is rows
    assert Rows.of(pa.table({})) == Rows((), (), [])


def test_no_rows_keep_their_columns_and_types(rows: Rows) -> None:
    none = Rows(rows.names, rows.types, [])
    assert none.arrow().schema == rows.arrow().schema
    assert (len(Answer(none, {})), Answer(none, {}).rows()) == (0, [])


def test_an_answer_is_the_same_from_rows_and_from_arrow(rows: Rows) -> None:
    from_rows, from_arrow = Answer(rows, {"seq": 1}), Answer(rows.arrow(), {"seq": 1})
    first = {
        "country": "AE", "tpp": 2**53 - 1, "h100e": Decimal("1234.56"), "on_day": date(2026, 2, 1),
        "known_at": datetime(2026, 2, 1, 12, microsecond=1), "fits": True,  # noqa: DTZ001  # as DuckDB has it, UTC
    }  # fmt: skip
    for answer in (from_rows, from_arrow):
        assert len(answer) == 3
        assert answer.rows()[0] == first
        assert list(answer) == answer.held.dicts() == answer.arrow().to_pylist() == answer.pl().to_dicts()
    assert from_rows.df().equals(from_arrow.df())


def test_an_answer_that_was_taken_as_arrow_still_gives_its_rows(rows: Rows) -> None:
    answer = Answer(rows, {})
    before = answer.rows()
    assert answer.table.num_rows == len(before)
    assert answer.rows() == before


def test_a_polars_frame_without_polars_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)  # as where it is not installed
    with pytest.raises(Misconfigured, match=r"pip install 'tppq\[polars\]'"):
        Answer(Rows(("country",), ("string",), [("AE",)]), {}).pl()


WORDS = "create type word as enum ('post', 'undo'); create table entry as select 'post'::word as kind, 1 as n"


@pytest.mark.parametrize(
    ("query", "kind", "found"),
    [
        ("histogram(kind)", "map<string, uint64>", [("post", 1)]),
        ("map {n: kind}", "map<int32, string>", [(1, "post")]),
        ("array_value(kind, null)", "fixed_size_list<item: string>[2]", ["post", None]),
        (
            "[{b: map {kind: array_value(kind)}}]",
            "list<item: struct<b: map<string, fixed_size_list<item: string>[1]>>>",
            [{"b": [("post", ["post"])]}],
        ),
        ("map([]::word[], []::integer[])", "map<string, int32>", []),
        ("map {}", "map<null, null>", []),  # over the cast of which Arrow would end the process
        ("map {1: map {}}", "map<int32, map<null, null>>", [(1, [])]),
        ("array_value(map {})", "fixed_size_list<: map<null, null>>[1]", [[]]),
    ],
)
def test_words_are_text_within_what_holds_several_too(query: str, kind: str, found: object) -> None:
    with duckdb.connect() as connection:
        connection.execute(WORDS)
        table = plain(connection.sql(f"select {query} as x from entry").to_arrow_table())  # noqa: S608
    table.validate(full=True)
    assert str(table.schema.field("x").type) == kind
    assert table.column("x").to_pylist() == [found]
