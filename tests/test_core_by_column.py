"""Macros asked with the columns of another table: each row gets the answer for its own values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ledger import BadQuery, Ledger
from tests.small import fill

LEFT = "select seq, (select sum(headroom_tpp) from {}) as found from entry as {} order by seq"
COUNTED = "select country, (select count(*) from {}) as found from headroom as {}"
BESIDE = "select {1}.country, count(*) from headroom as {1}, lateral (select 1 from {0}) as l group by all"


@pytest.fixture(name="small")
def _small(store_url: str) -> Iterator[Ledger]:
    with fill(store_url) as ledger:
        yield ledger


def found(ledger: Ledger, query: str) -> list[Any]:
    return [tuple(row.values()) for row in ledger.sql(query)]


@pytest.mark.parametrize("alias", ["e", "u", "q", "entry"])
@pytest.mark.parametrize("column", ["", "{}."])
@pytest.mark.parametrize("asked", ["as_of := {}effective_on", "known_at := {}recorded_at"])
def test_headroom_is_that_of_each_rows_day_and_instant(
    small: Ledger, alias: str, column: str, asked: str
) -> None:
    name = asked.partition(" ")[0]
    each = {
        row["seq"]: sum(
            left["headroom_tpp"]
            for left in small.headroom(
                **{name: str(row["effective_on" if name == "as_of" else "recorded_at"])}
            )
        )
        for row in small.sql("from entry")
    }
    macro = f"headroom({asked.format(column.format(alias))})"
    assert dict(found(small, LEFT.format(macro, alias))) == each


@pytest.mark.parametrize("macro", ["statement", "licenses"])
@pytest.mark.parametrize("alias", ["c", "e", "h", "q"])
@pytest.mark.parametrize("column", ["country", "{}.country"])
def test_a_country_of_each_row_has_its_own(small: Ledger, macro: str, alias: str, column: str) -> None:
    asked = f"{macro}({column.format(alias)})"
    each = {
        country: len(small.sql(f"from {macro}('{country}')"))
        for (country,) in found(small, "select country from headroom")
    }
    assert dict(found(small, COUNTED.format(asked, alias))) == each
    beside = dict(found(small, BESIDE.format(f"{macro}({alias}.country)", alias)))
    assert beside == {country: count for country, count in each.items() if count}


def test_what_was_undone_is_known_at_each_rows_instant(small: Ledger) -> None:
    query = "select e.seq, is_undone(e.seq, {}) from entry as e order by e.seq"
    assert not any(is_undone for _, is_undone in found(small, query.format("recorded_at")))
    assert any(is_undone for _, is_undone in found(small, query.format("null")))


def test_a_country_that_there_is_not_has_no_empty_statement(small: Ledger) -> None:
    for asked in ("statement('ARE')", "statement('ae')", "licenses('United Arab Emirates')"):
        with pytest.raises(BadQuery, match="two letters name one"):
            small.sql(f"from {asked}")
    assert found(small, "select count(*) from statement('US')") == [(0,)]


def test_an_answer_of_sql_is_text_and_has_each_name_once(small: Ledger) -> None:
    frame = small.sql("select kind, list(country) as countries from entry group by kind").df()
    assert "string" in str(frame.dtypes["kind"])
    assert frame["kind"].str.contains("license").any()
    # an empty map, over which Arrow would end the process
    assert found(small, "select map {} as x, {a: kind, m: map {}} as y from entry limit 1")
    with pytest.raises(BadQuery, match="two columns are called tpp"):
        small.sql("select tpp, tpp from entry")
