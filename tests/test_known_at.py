"""An instant that an answer was known at means the same in a verb and in SQL, however it is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from ledger import Entry, Ledger
from tests.clock import Clock
from tests.small import fill

IST = timezone(timedelta(hours=5, minutes=30))
GIVEN: list[Any] = [
    "2026-01-12",  # its end: what was recorded at its noon is known
    "2026-01-11",
    "2026-01-12T12:00:00Z",
    "2026-01-12T11:59:59.999999Z",
    "2026-01-12 12:00:01",
    "2026-01-12T17:30:01+05:30",
    "2026-01-12T17:29:59+05:30",
    "2026-01-12T06:59:59-05:00",
    date(2026, 1, 12),
    datetime(2026, 1, 12, 11, 59, tzinfo=UTC),
    datetime(2026, 1, 12, 17, 31, tzinfo=IST),
    datetime(2026, 1, 12, 12, 1),  # noqa: DTZ001  # without a zone it is UTC
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with fill(f"sqlite:///{tmp_path_factory.mktemp('small') / 'tppq.db'}") as ledger:
        yield ledger


@pytest.mark.parametrize("known_at", GIVEN, ids=map(str, range(len(GIVEN))))
def test_it_is_the_same_instant_in_sql(small: Ledger, known_at: Any) -> None:
    told = small.headroom(known_at=known_at).rows()
    assert {row["last_seq"] for row in told} in ({1, 2, 3}, {2, 3, 4}, {3, 4, 5})
    for query, expected in (
        ("from headroom(known_at := $known_at)", told),
        ("from statement('AE', known_at := $known_at)", small.statement("AE", known_at=known_at).rows()),
        ("from licenses(known_at := $known_at)", small.licenses(known_at=known_at).rows()),
    ):
        assert small.sql(query, known_at=known_at).rows() == expected


@pytest.mark.parametrize("known_at", [each for each in GIVEN if isinstance(each, str)])
def test_it_is_the_same_where_it_stands_in_the_query(small: Ledger, known_at: str) -> None:
    query = f"from headroom(known_at := '{known_at}')"
    assert small.sql(query).rows() == small.headroom(known_at=known_at).rows()
    assert small.sandboxed_sql(query).rows() == small.headroom(known_at=known_at).rows()


@pytest.mark.parametrize("day", ["2026-1-12", " 2026-01-12", "2026-01-12 "])
def test_a_day_is_its_end_however_it_is_written_in_a_query(small: Ledger, day: str) -> None:
    asked = small.sql("from headroom(known_at := $known_at)", known_at=day)
    assert asked.rows() == small.headroom(known_at="2026-01-12").rows()
    query = "from headroom(as_of := $as_of, known_at := $known_at)"
    asked = small.sandboxed_sql(query, {"as_of": day, "known_at": day})
    assert asked.rows() == small.headroom(as_of="2026-01-12", known_at="2026-01-12").rows()
    assert asked.basis["as_of"] == "2026-01-12"


def test_a_day_in_a_query_is_the_whole_of_it_and_nothing_of_the_next(tmp_path: Path) -> None:
    """Of the last microsecond of a day, and of the first of the next."""
    midnight = datetime(2026, 1, 13)  # noqa: DTZ001  # as an answer has it: UTC
    now_us = int(midnight.replace(tzinfo=UTC).timestamp()) * 1_000_000 - 1
    with Ledger.init(f"sqlite:///{tmp_path / 'tppq.db'}", opening=False, clock=lambda: now_us) as ledger:
        given = {"kind": "allocate", "country": "AE", "effective_on": "2026-01-12", "tpp": 5}
        for _ in range(3):  # by a clock that stands still, each a microsecond later
            ledger.post(Entry.model_validate(given))
        recorded = [row["recorded_at"] for row in ledger.statement("AE")]
        assert recorded == [midnight + timedelta(microseconds=each) for each in (-1, 0, 1)]
        asked = ledger.sql("from headroom(known_at := '2026-01-12')").rows()
        assert [row["last_seq"] for row in asked] == [1]
        assert asked == ledger.headroom(known_at="2026-01-12").rows()


def test_with_the_clock_put_back_every_question_is_answered_by_the_last_entrys_day(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    with Ledger.init(url, clock=Clock("2026-06-16")) as ledger:
        given = {
            "kind": "license",
            "country": "AE",
            "effective_on": "2026-06-16",
            "license_no": "L1",
            "tpp": 100,
        }
        ledger.post(Entry.model_validate(given))
    with Ledger.open(url, clock=Clock("2026-06-15")) as ledger:
        told = ledger.headroom("AE")
        on_day, known_at = told.basis["as_of"], told.basis["known_at"]
        assert on_day == "2026-06-16"
        assert ledger.headroom("AE", as_of=on_day, known_at=known_at).rows() == told.rows()
        left = {row["headroom_tpp"] for row in ledger.report("what-is-left", country="AE")}
        assert left == {row["headroom_tpp"] for row in told} == {789_999_900}
        assert [row["license_no"] for row in ledger.report("licenses-by-expiry")] == ["L1"]
        assert ledger.fit("AE", tpp=1).basis["as_of"] == ledger.forecast("AE").basis["as_of"] == on_day
        assert ledger.sandboxed_sql("from today").rows() == [{"on_day": date(2026, 6, 16)}]
