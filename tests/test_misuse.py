"""What a program without types may give to a ledger: it is told what to write, and nothing happens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from ledger import BadQuery, Entry, Kind, Ledger

ENTRY = Entry(kind=Kind.block, country="AE", effective_on=date(2026, 2, 1), tpp=1, reason="a test")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (lambda ledger: ledger.headroom(["AE", "SA"]), "country is ['AE', 'SA']: write it as text"),
        (lambda ledger: ledger.headroom(5), "country is 5: write it as text"),
        (lambda ledger: ledger.headroom(as_of=2026), "'2026' is not a day: write YYYY-MM-DD"),
        (lambda ledger: ledger.statement(None), "country is None: write it as text"),
        (lambda ledger: ledger.licenses(b"AE"), "country is b'AE': write it as text"),
        (lambda ledger: ledger.sql(5), "query is 5: write it as text"),
        (lambda ledger: ledger.sandboxed_sql(["select 1"]), "query is ['select 1']: write it as text"),
        (lambda ledger: ledger.prove("1"), "seq is '1': write a whole number, that of an entry"),
        (lambda ledger: ledger.break_show(5), "break is 5: write it as text"),
        (
            lambda ledger: ledger.post([ENTRY]),
            "is no Entry: give entries one by one, as in post(",
        ),
        (
            lambda ledger: ledger.post({"kind": "block"}),
            "{'kind': 'block'} is no Entry: give entries one",
        ),
    ],
)
def test_what_is_of_the_wrong_type_is_named_with_what_to_write(
    ledger: Ledger, asked: Callable[[Any], object], said: str
) -> None:
    before = ledger.headroom().rows()
    with pytest.raises(BadQuery) as caught:
        asked(ledger)
    assert said in caught.value.detail
    assert ledger.headroom().rows() == before


def test_a_report_may_be_asked_by_its_number(ledger: Ledger) -> None:
    assert ledger.report(1).rows() == ledger.report("1").rows()
