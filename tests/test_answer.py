"""Answers: the same rows, whether Python or Arrow holds them."""

from __future__ import annotations

import sys
from datetime import date, datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from ledger.answer import Answer, Rows
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
