"""An instant that an answer was known at means the same in a verb and in SQL, however it is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from ledger import Ledger
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
