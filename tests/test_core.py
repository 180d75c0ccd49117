"""The core by its own questions, each an SQL file, on a small ledger; the answers are files to be read."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from io import StringIO
from pathlib import Path

import pytest

from ledger import Answer, BadQuery, Ledger, engine
from ledger.model import MOST_TPP
from ledger.question import instant
from tests.shared import entry
from tests.small import fill

FOLDER = Path(__file__).parent / "core"
MOST_BIGINT = 2**63 - 1
QUESTIONS = sorted(path.stem for path in FOLDER.glob("*.sql"))


@pytest.fixture(name="small")
def _small(store_url: str) -> Iterator[Ledger]:
    with fill(store_url) as ledger:
        yield ledger


def as_csv(answer: Answer) -> str:
    """The rows as they are, a line each; nothing is cut, and an absent value is empty."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.table.column_names)
    writer.writerows(row.values() for row in answer)
    return text.getvalue()


def test_every_expected_answer_has_its_question() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.csv")) == QUESTIONS


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_core_answers_as_expected(
    small: Ledger, question: str, golden: Callable[[Path, str], None]
) -> None:
    query = (FOLDER / f"{question}.sql").read_text(encoding="utf-8")
    golden(FOLDER / f"{question}.csv", as_csv(small.sql(query)))


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_answer_is_the_same_where_entries_lie_sorted(
    small: Ledger, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_SORT_FROM", 1)
    query = (FOLDER / f"{question}.sql").read_text(encoding="utf-8")
    expected = (FOLDER / f"{question}.csv").read_text(encoding="utf-8")
    assert as_csv(small.sql(query)) == expected
    assert small.sql("from sorted_through").rows() == [{"seq": 14}]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-02-01", "2026-02-01 23:59:59.999999"),
        (" 2026-2-1 ", "2026-02-01 23:59:59.999999"),
        (date(2026, 2, 1), "2026-02-01 23:59:59.999999"),
        ("2026-02-01 12:00", "2026-02-01 12:00:00"),
        ("2026-02-01T12:00:00.5", "2026-02-01 12:00:00.5"),
        ("2026-02-01T12:00:00Z", "2026-02-01 12:00:00"),
        ("2026-02-01T01:00:00+04:00", "2026-01-31 21:00:00"),
        ("2026-02-01T01:00:00-04", "2026-02-01 05:00:00"),
        ("2026-02-01 12:00:00 America/New_York", "2026-02-01 17:00:00"),
        ("2026-02-01 12:00:00 Europe/Zurich", "2026-02-01 11:00:00"),
        ("2026-02-01 12:00:00 EST", "2026-02-01 17:00:00"),
        (datetime(2026, 2, 1, 12, tzinfo=timezone(timedelta(hours=4))), "2026-02-01 08:00:00"),
        (None, None),
    ],
)
def test_an_instant_counts_its_zone_and_a_day_is_its_end(
    small: Ledger, given: object, expected: str | None
) -> None:
    asked = small.sql("select instant_of($given)::varchar as asked_at", given=given)
    assert asked.rows() == [{"asked_at": expected}]
    with suppress(BadQuery):  # what it takes, the verbs read alike
        at = instant(given)  # type: ignore[arg-type]  # whatever was given
        assert (
            at is None
            or small.sql("select instant_of($at)::varchar as asked_at", at=at).rows() == asked.rows()
        )


@pytest.mark.parametrize(
    "given",
    [
        "26-02-01",
        "26-02-01 12:00",
        "2026/02/01",
        "2026 02 01",
        "infinity",
        "soon",
        "2026-02-01 Europe/Zurich",
        "",
    ],
)
def test_what_is_no_instant_is_refused_as_the_verbs_refuse_it(small: Ledger, given: str) -> None:
    said = re.escape(f"'{given}' is not a time: write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ")
    for query in ("select instant_of($given)", "from headroom(known_at := $given)"):
        with pytest.raises(BadQuery, match=said):
            small.sql(query, given=given)
    with pytest.raises(BadQuery, match=said):
        small.headroom(known_at=given)


def test_a_zone_that_there_is_not_is_refused(small: Ledger) -> None:
    with pytest.raises(BadQuery, match="Unknown TimeZone 'Mars/Olympus'"):
        small.sql("from headroom(known_at := '2026-02-01 12:00:00 Mars/Olympus')")


STATES = {
    "balance_state": (100, 50, 1, 75, 90),
    "control_state": (False, 100, 0, 50, 1),
    "license_state": (100, 50, None, None, date(2026, 2, 1)),
}
"""A state with what it is a state of; a license may be not released, and may have no last day."""


@pytest.mark.parametrize("macro", STATES)
def test_a_state_of_nothing_is_none(small: Ledger, macro: str) -> None:
    names = [f"given_{place}" for place in range(len(STATES[macro]))]
    query = f"select {macro}({', '.join(f'${name}' for name in names)}) as state"
    values = dict(zip(names, STATES[macro], strict=True))
    assert small.sql(query, **values).rows() != [{"state": None}]
    for name in (name for name, value in values.items() if value is not None):
        assert small.sql(query, **values | {name: None}).rows() == [{"state": None}]


def test_a_country_without_a_quota_has_no_state(small: Ledger) -> None:
    query = """
        select c.country, balance_state(h.allocated_tpp, h.headroom_tpp, 15832, 75, 90) as state
        from country as c left join headroom as h using (country) where c.country in ('AE', 'CN', 'JP')
    """
    found = {row["country"]: row["state"] for row in small.sql(query)}
    assert found == {"AE": "open", "CN": None, "JP": None}


def test_any_part_of_the_legs_sums_to_zero(small: Ledger) -> None:
    query = "select seq, sum(tpp)::bigint as tpp, count(*) as legs from posting group by seq order by seq"
    assert small.sql(query).rows() == [{"seq": seq, "tpp": 0, "legs": 2} for seq in range(1, 15)]


def test_the_last_day_of_headroom_daily_is_headroom_and_the_ledgers_today(small: Ledger) -> None:
    query = "select country, headroom_tpp from headroom_daily where on_day = $today order by country"
    now = {row["country"]: row["headroom_tpp"] for row in small.headroom()}
    assert {row["country"]: row["headroom_tpp"] for row in small.sql(query, today="2026-03-01")} == now
    assert small.sql("select max(on_day)::varchar as day from headroom_daily").rows() == [
        {"day": "2026-03-01"}
    ]


def test_headroom_daily_is_headroom_as_of_each_day(small: Ledger) -> None:
    for day in ("2026-01-01", "2026-01-20", "2026-02-14"):
        query = "select country, headroom_tpp from headroom_daily where on_day = $day::date"
        by_day = {row["country"]: row["headroom_tpp"] for row in small.sql(query, day=day)}
        assert by_day == {row["country"]: row["headroom_tpp"] for row in small.headroom(as_of=day)}


def test_what_goes_and_comes_back_without_end_is_still_summed(store_url: str) -> None:
    pairs = MOST_BIGINT // MOST_TPP + 5  # each of them within what an entry may hold
    there_and_back = [entry(kind, "VN", MOST_TPP, reason="x") for kind in ("overrun", "return")] * pairs
    with Ledger.init(store_url) as ledger:
        ledger.post(*there_and_back, approver="omar")
        assert ledger.headroom("VN").rows()[0]["headroom_tpp"] == 790_000_000
        assert ledger.headroom("VN", as_of="2026-12-31").rows()[0]["headroom_tpp"] == 790_000_000
        assert ledger.fit("VN", tpp=790_000_000).rows()[0]["fits"]
        assert ledger.verify().rows() == []
        assert len(ledger.forecast("VN")) > 0
        for report in ("what-is-left", "late-postings", "sources"):
            assert len(ledger.report(report)) > 0
