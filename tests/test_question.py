"""The times of a question: days and instants as people write them, as the core takes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from ledger.errors import BadQuery
from ledger.question import day, instant, seq, times

NIGHT = datetime(2026, 2, 1, 23, 30, tzinfo=timezone(timedelta(hours=4)))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ("2026-02-01", "2026-02-01"),
        (date(2026, 2, 1), "2026-02-01"),
        (NIGHT, "2026-02-01"),
    ],
)
def test_a_day_is_iso_text(given: date | str | None, expected: str | None) -> None:
    assert day(given) == expected


@pytest.mark.parametrize("given", ["", "soon", "2026-02-30", "01.02.2026", "2026-02-01T10:00"])
def test_what_is_no_day_is_refused(given: str) -> None:
    with pytest.raises(BadQuery) as caught:
        day(given)
    assert caught.value.detail == f"'{given}' is not a day: write YYYY-MM-DD"
    assert caught.value.facts == {"value": given}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ("2026-02-01", "2026-02-01T23:59:59.999999Z"),
        ("20260201", "2026-02-01T23:59:59.999999Z"),
        ("2026-W05-7", "2026-02-01T23:59:59.999999Z"),
        ("2026-02-01T12:00", "2026-02-01T12:00:00.000000Z"),
        ("2026-02-01 12", "2026-02-01T12:00:00.000000Z"),
        ("2026-02-01t12", "2026-02-01T12:00:00.000000Z"),
        ("20260201 1230", "2026-02-01T12:30:00.000000Z"),
        ("2026-02-01 12:00:00.5", "2026-02-01T12:00:00.500000Z"),
        ("2026-02-01T12:00:00Z", "2026-02-01T12:00:00.000000Z"),
        ("2026-02-01T01:00:00+04:00", "2026-01-31T21:00:00.000000Z"),
        ("0999-01-01", "0999-01-01T23:59:59.999999Z"),
        ("0001-01-01T00:00", "0001-01-01T00:00:00.000000Z"),
        (NIGHT, "2026-02-01T19:30:00.000000Z"),
        (datetime(2026, 2, 1, tzinfo=UTC), "2026-02-01T00:00:00.000000Z"),
    ],
)
def test_an_instant_is_utc_and_a_day_alone_means_its_end(
    given: datetime | str | None, expected: str | None
) -> None:
    assert instant(given) == expected


def test_a_time_without_a_zone_is_utc() -> None:
    assert instant(datetime(2026, 2, 1, 12)) == "2026-02-01T12:00:00.000000Z"  # noqa: DTZ001 - what is tested


@pytest.mark.parametrize("given", ["", "now", "2026-02-30T10:00", "12:00", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_instant_is_refused(given: str) -> None:
    with pytest.raises(BadQuery) as caught:
        instant(given)
    assert caught.value.detail == (f"'{given}' is not a time: write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ")


def test_both_times_are_what_the_macros_take() -> None:
    assert times(None, None) == {"as_of": None, "known_at": None}
    assert times("2026-02-01", "2026-02-02") == {
        "as_of": "2026-02-01",
        "known_at": "2026-02-02T23:59:59.999999Z",
    }


def test_a_day_given_as_a_date_is_known_at_its_end() -> None:
    assert instant(date(2026, 2, 1)) == instant("2026-02-01") == "2026-02-01T23:59:59.999999Z"


@pytest.mark.parametrize("given", [5, 1.5, ["2026-02-01"], b"2026-02-01"])
def test_what_is_neither_text_nor_a_date_is_no_time(given: Any) -> None:
    with pytest.raises(BadQuery, match="is not a day: write YYYY-MM-DD"):
        day(given)
    with pytest.raises(BadQuery, match="is not a time: write YYYY-MM-DD or"):
        instant(given)


def test_the_number_of_an_entry_is_whole() -> None:
    assert seq(12) == 12
    assert seq(np.int64(12)) == 12
    assert type(seq(np.int64(12))) is int
    for given in ("1", 1.0, None, True, np.True_, np.array([1, 2]), np.float64(1)):
        with pytest.raises(BadQuery) as caught:
            seq(given)
        assert caught.value.detail == f"seq is {given!r}: write a whole number, that of an entry"
