"""The core by its own questions, each an SQL file, on a small ledger; the answers are files to be read."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest

from ledger import Answer, Ledger, engine
from ledger.model import MOST_TPP
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
