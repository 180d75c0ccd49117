"""Forecasts: on ledgers whose future is known, so that what is said of it can be held to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ledger import DenialPolicy, Ledger, NoQuota, UnknownName, outlook, reference, schema
from ledger.database import Database
from ledger.forecast import Outlook
from ledger.outlook import Ended, Held, Past, Standing
from ledger.store import Store
from tests.bench.forecast import Case, Dated, cases, coverage, dated
from tests.clock import Clock
from tests.small import entry

CAP = 790_000_000
PERCENT = CAP // 100
START = date(2025, 1, 1)


def day(number: int) -> str:
    return (START + timedelta(days=number)).isoformat()


@contextmanager
def opened(folder: Path, country: str = "AE") -> Iterator[tuple[Ledger, Clock]]:
    clock = Clock(day(0))
    with Ledger.init(f"sqlite:///{folder / 'tppq.db'}", opening=False, clock=clock, actor="maria") as ledger:
        ledger.post(entry("allocate", country, day(0), tpp=CAP))
        yield ledger, clock


def licensed(ledger: Ledger, clock: Clock, on: int, tpp: int, number: str = "", **more: Any) -> None:
    clock.set(day(on))
    ledger.post(entry("license", "AE", day(on), license_no=number or f"L-{on}", tpp=tpp, **more))


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """One percent every five days, shipped on the day; after 200 days 40 % is used."""
    with opened(tmp_path_factory.mktemp("steady")) as (ledger, clock):
        for number in range(40):
            licensed(ledger, clock, 5 * number, PERCENT)
            ledger.post(entry("export", "AE", day(5 * number), license_no=f"L-{5 * number}", tpp=PERCENT))
        clock.set(day(199))
        yield ledger


def rows_of(ledger: Ledger, **asked: Any) -> dict[tuple[int, str], dict[str, Any]]:
    return {(row["percent"], row["run_rate"]): row for row in ledger.forecast("AE", **asked)}


def forecast_of(ledger: Ledger, on: date, known_at: str | None, days: int) -> Outlook:
    """What AE will have used so many days after a day: what the next quarter's forecast stands beside."""
    return ledger._outlooks(on, known_at, days)["AE"]  # noqa: SLF001  # a forecast shows it a quarter later


# --------------------------------------------------------------------------------------------- the dates


def test_a_steady_pace_is_dated_about_when_it_gets_there(steady: Ledger) -> None:
    for (percent, _), row in rows_of(steady).items():
        due = date.fromisoformat(day(5 * percent))
        assert row["outcome"] == "dated"
        assert row["p10_on"] < row["p50_on"] < row["p90_on"]
        assert abs((row["p50_on"] - due).days) <= 40
        assert row["p10_on"] < due + timedelta(days=30)
        assert row["not_in_period_percent"] <= 5


def test_a_run_rate_is_what_was_drawn_in_its_days(steady: Ledger) -> None:
    rows = rows_of(steady)
    assert {name: row["draws"] for (percent, name), row in rows.items() if percent == 90} == {
        "30 days": 6, "90 days": 18, "since opening": 40,
    }  # fmt: skip
    assert {row["daily_tpp"] for row in rows.values()} == {PERCENT // 5}


def test_ninety_percent_comes_before_a_hundred(steady: Ledger) -> None:
    rows = rows_of(steady)
    for name in ("30 days", "90 days", "since opening"):
        for percentile in ("p10_on", "p50_on", "p90_on"):
            assert rows[90, name][percentile] < rows[100, name][percentile]


def test_the_same_ledger_and_times_give_the_same_forecast(steady: Ledger) -> None:
    asked = {"as_of": day(199), "known_at": day(199)}
    first = steady.forecast("AE", **asked)
    assert first.rows() == steady.forecast("AE", **asked).rows() == steady.forecast(**asked).rows()
    assert first.basis["futures"] == 500


def test_what_is_posted_later_changes_no_earlier_forecast(tmp_path: Path) -> None:
    with opened(tmp_path) as (ledger, clock):
        for number in range(10):
            licensed(ledger, clock, 10 * number, PERCENT)
        first = ledger.forecast("AE", as_of=day(95), known_at=day(95)).rows()
        licensed(ledger, clock, 120, 20 * PERCENT)
        ledger.post(entry("license", "AE", day(90), license_no="late", tpp=20 * PERCENT))
        assert ledger.forecast("AE", as_of=day(95), known_at=day(95)).rows() == first
        assert ledger.forecast("AE", as_of=day(95)).rows() != first


def test_a_quota_is_open_since_its_allocation_that_stands(tmp_path: Path) -> None:
    """An allocation of the wrong day, put right, says as much of a pace as one of the right day."""
    found = []
    for name, on in (("right", 300), ("wrong", 0)):
        clock = Clock(day(400))
        with Ledger.init(f"sqlite:///{tmp_path / name}.db", opening=False, clock=clock) as ledger:
            (posted,) = ledger.post(entry("allocate", "AE", day(on), tpp=CAP))
            for number in range(20):
                licensed(ledger, clock, 400 + number, PERCENT)
            known_at = ledger.headroom().basis["known_at"]
            if name == "wrong":
                ledger.correct(posted.seq, {"effective_on": day(300)}, reason="typed the wrong day")
                before = rows_of(ledger, known_at=known_at)[90, "since opening"]
                assert before["daily_tpp"] == 20 * PERCENT // 420
            found.append(rows_of(ledger))
    assert found[0] == found[1]
    assert found[0][90, "since opening"]["daily_tpp"] == 20 * PERCENT // 120


def test_a_quota_whose_allocation_was_undone_is_closed(tmp_path: Path) -> None:
    with opened(tmp_path) as (ledger, _):
        ledger.reverse(1, "not a country with a quota")
        assert {row["outcome"] for row in ledger.forecast("AE")} == {"closed"}


def test_an_allocation_that_was_recorded_later_opened_nothing_then(tmp_path: Path) -> None:
    clock = Clock(day(199))
    with Ledger.init(f"sqlite:///{tmp_path / 'tppq.db'}", opening=False, clock=clock) as ledger:
        ledger.post(entry("allocate", "AE", day(100), tpp=CAP))
        licensed(ledger, clock, 199, PERCENT)
        known_at = ledger.headroom().basis["known_at"]
        ledger.post(entry("allocate", "AE", day(0), tpp=PERCENT))
        assert rows_of(ledger, known_at=known_at)[90, "since opening"]["daily_tpp"] == PERCENT // 100
        assert rows_of(ledger)[90, "since opening"]["daily_tpp"] == PERCENT // 200


def test_a_license_that_was_undone_is_no_draw_and_thirty_days_are_thirty(tmp_path: Path) -> None:
    with opened(tmp_path) as (ledger, clock):
        for on in (0, 69, 70, 99):
            licensed(ledger, clock, on, PERCENT)
        licensed(ledger, clock, 90, 7 * PERCENT)
        ledger.reverse(6, "typed twice")
        clock.set(day(99))
        draws = {name: (row["draws"], row["daily_tpp"]) for (_, name), row in rows_of(ledger).items()}
        assert draws["30 days"] == (2, 2 * PERCENT // 30)
        assert draws["since opening"] == (4, 4 * PERCENT // 100)


def test_below_five_draws_there_is_no_date(tmp_path: Path) -> None:
    with opened(tmp_path) as (ledger, clock):
        for number in range(4):
            licensed(ledger, clock, 10 * number, 10 * PERCENT)
        assert {row["outcome"] for row in ledger.forecast("AE")} == {"too few draws"}
        licensed(ledger, clock, 40, 10 * PERCENT)
        rows = rows_of(ledger)
        assert {name: row["outcome"] for (percent, name), row in rows.items() if percent == 90} == {
            "30 days": "too few draws", "90 days": "dated", "since opening": "dated",
        }  # fmt: skip
        assert rows[90, "30 days"]["p50_on"] is rows[90, "30 days"]["not_in_period_percent"] is None


def test_not_in_period_is_an_outcome_with_its_probability(tmp_path: Path) -> None:
    with opened(tmp_path) as (ledger, clock):
        for number in range(6):
            licensed(ledger, clock, 60 * number, 2 * PERCENT)
        (row,) = (row for key, row in rows_of(ledger).items() if key == (90, "since opening"))
        assert row["outcome"] == "not in period"
        assert row["p50_on"] is row["p90_on"] is None
        assert row["not_in_period_percent"] > 80


def test_what_is_reached_is_said_to_be_and_so_is_a_closed_quota(tmp_path: Path) -> None:
    with opened(tmp_path) as (ledger, clock):
        for number in range(9):
            licensed(ledger, clock, number, 10 * PERCENT)
        assert {row["percent"]: row["outcome"] for row in ledger.forecast("AE")}[90] == "reached"
        licensed(ledger, clock, 9, CAP - 90 * PERCENT - 15_832)
        outcomes = {row["percent"]: row["outcome"] for row in ledger.forecast("AE")}
        assert outcomes[100] != "reached"  # one H100 is left
        licensed(ledger, clock, 9, 1, "L-last")
        assert {row["outcome"] for row in ledger.forecast("AE")} == {"reached"}  # less than one H100 is left
        ledger.post(entry("allocate", "SA", day(0), tpp=CAP))
        ledger.post(entry("withdraw", "SA", day(9), tpp=CAP))
        assert {row["outcome"] for row in ledger.forecast("SA")} == {"closed"}


@pytest.mark.parametrize(
    ("country", "why"), [("DE", NoQuota), ("CN", DenialPolicy), ("Atlantis", UnknownName)]
)
def test_a_country_without_a_quota_has_no_forecast(
    steady: Ledger, country: str, why: type[Exception]
) -> None:
    with pytest.raises(why):
        steady.forecast(country)


# ------------------------------------------------------------------------------------------ the pipeline


def test_what_licenses_hold_is_expected_in_the_share_that_ended_ones_shipped(tmp_path: Path) -> None:
    """Ten licenses of 100 days shipped 30 of 100 at once and lapsed: of a new one, 30 of 100 are expected."""
    with opened(tmp_path) as (ledger, clock):
        for number in range(10):
            licensed(ledger, clock, number, 100_000, expires_on=day(number + 100))
            clock.set(day(number + 1))
            ledger.post(entry("export", "AE", day(number + 1), license_no=f"L-{number}", tpp=30_000))
        for number in range(10):
            clock.set(day(number + 131))
            release = {"license_no": f"L-{number}", "tpp": 70_000, "reason": "expired"}
            ledger.post(entry("release", "AE", day(number + 131), **release))
        licensed(ledger, clock, 150, 100_000, expires_on=day(250))
        row = rows_of(ledger, as_of=day(150))[90, "since opening"]
        assert row["expected_tpp"] == 10 * 30_000 + 30_000
        later = rows_of(ledger, as_of=day(150))[100, "since opening"]
        assert (later["used_tpp"], later["draws"]) == (10 * 30_000 + 100_000, 11)


def test_a_license_that_takes_the_place_of_another_is_no_new_draw(tmp_path: Path) -> None:
    with opened(tmp_path) as (ledger, clock):
        licensed(ledger, clock, 0, PERCENT, "L-0")
        for number in range(6):
            clock.set(day(10 + number))
            old, new = f"L-{number}", f"L-{number + 1}"
            gone = {"license_no": old, "tpp": PERCENT, "reason": "superseded", "reference": new}
            ledger.post(entry("release", "AE", day(10 + number), **gone))
            licensed(ledger, clock, 10 + number, PERCENT, new)
        row = rows_of(ledger)[90, "since opening"]
        assert (row["draws"], row["outcome"]) == (1, "too few draws")


def test_a_license_in_the_place_of_another_draws_what_that_one_did_not_give_back(tmp_path: Path) -> None:
    """One percent, of which a fifth was shipped, is superseded by five: what is drawn is what is used."""
    with opened(tmp_path) as (ledger, clock):
        for number in range(6):
            licensed(ledger, clock, number, PERCENT, f"A-{number}")
            shipped = PERCENT // 5
            ledger.post(entry("export", "AE", day(number), license_no=f"A-{number}", tpp=shipped))
        for number in range(6):
            clock.set(day(50 + number))
            gone = {"license_no": f"A-{number}", "tpp": PERCENT - shipped, "reason": "superseded"}
            ledger.post(entry("release", "AE", day(50 + number), reference=f"B-{number}", **gone))
            licensed(ledger, clock, 50 + number, 2 * PERCENT, f"B-{number}")
            licensed(ledger, clock, 50 + number, 3 * PERCENT, f"B-{number}")  # raised, on the same day
        clock.set(day(99))
        row = rows_of(ledger)[90, "since opening"]
        assert row["used_tpp"] == 6 * (5 * PERCENT + shipped)
        assert (row["draws"], row["daily_tpp"]) == (18, row["used_tpp"] // 100)


def test_what_left_beyond_a_license_in_the_place_of_another_or_came_back_counts(tmp_path: Path) -> None:
    with opened(tmp_path) as (ledger, clock):
        licensed(ledger, clock, 0, PERCENT, "A")
        gone = {"license_no": "A", "tpp": PERCENT, "reason": "superseded", "reference": "B"}
        ledger.post(entry("release", "AE", day(0), **gone))
        licensed(ledger, clock, 0, PERCENT, "B")
        ledger.post(entry("overrun", "AE", day(0), license_no="B", tpp=3 * PERCENT, reason="found"))
        clock.set(day(9))
        row = rows_of(ledger)[90, "since opening"]
        assert (row["draws"], row["daily_tpp"]) == (2, 4 * PERCENT // 10)
        ledger.post(entry("return", "AE", day(9), license_no="B", tpp=2 * PERCENT, reason="sent back"))
        row = rows_of(ledger)[90, "since opening"]
        assert (row["draws"], row["daily_tpp"]) == (2, 2 * PERCENT // 10)


def test_a_license_whose_predecessor_was_never_superseded_is_a_draw(tmp_path: Path) -> None:
    with opened(tmp_path) as (ledger, clock):
        licensed(ledger, clock, 0, PERCENT, "L-0")
        gone = {"license_no": "L-0", "tpp": PERCENT, "reason": "superseded", "reference": "L-1"}
        clock.set(day(10))
        (release,) = ledger.post(entry("release", "AE", day(10), **gone))
        licensed(ledger, clock, 10, PERCENT, "L-1")
        assert rows_of(ledger)[90, "since opening"]["draws"] == 1
        known_at = ledger.headroom().basis["known_at"]
        ledger.reverse(release.seq, "both stand")
        assert rows_of(ledger)[90, "since opening"]["draws"] == 2
        assert rows_of(ledger, known_at=known_at)[90, "since opening"]["draws"] == 1


def learnt_of(ledger: Ledger, on: int) -> list[tuple[str, int, int | None]]:
    """What each ended license shipped, and when of its term the rest came back, in thousandths."""
    asked = {"as_of": day(on), "known_at": None, "lag_days": 30, "most": 2_000}
    rows = ledger.sql(schema.sql("forecast/ended.sql"), **asked).rows()
    return [
        (row["license_no"], row["shipped_permille"], row["released_permille"])
        for row in rows
        if not row["tenth"]
    ]


def test_how_a_license_ended_is_learnt_of_what_stands(tmp_path: Path) -> None:
    """A release that was undone, or that left something, was not of the rest: that lapsed with the term."""
    with opened(tmp_path) as (ledger, clock):
        for number in "12345":
            licensed(ledger, clock, 0, 1_000, number, expires_on=day(100))
        clock.set(day(20))
        ledger.post(entry("release", "AE", day(20), license_no="5", tpp=400, reason="reduced"))
        gone = {"tpp": 1_000, "reason": "revoked"}
        ledger.post(entry("release", "AE", day(20), license_no="1", **gone))
        (undone,) = ledger.post(entry("release", "AE", day(20), license_no="2", **gone))
        ledger.reverse(undone.seq, "typed the wrong license")
        ledger.post(entry("release", "AE", day(20), license_no="3", tpp=400, reason="reduced"))
        ledger.post(entry("export", "AE", day(20), license_no="4", tpp=700))
        ledger.post(entry("release", "AE", day(20), license_no="4", tpp=300, reason="reduced"))
        assert learnt_of(ledger, 20) == [("1", 0, 200), ("4", 700, 200)]
        clock.set(day(40))
        (undone,) = ledger.post(entry("release", "AE", day(40), license_no="3", tpp=100, reason="reduced"))
        ledger.reverse(undone.seq, "typed twice")
        ledger.post(entry("export", "AE", day(40), license_no="3", tpp=600))
        clock.set(day(130))
        assert learnt_of(ledger, 130) == [
            ("1", 0, 200),
            ("2", 0, None),
            ("3", 600, 200),
            ("4", 700, 200),
            ("5", 0, None),
        ]


def test_of_a_superseded_license_nothing_is_learnt(tmp_path: Path) -> None:
    with opened(tmp_path) as (ledger, clock):
        licensed(ledger, clock, 0, 1_000, "1", expires_on=day(100))
        gone = {"license_no": "1", "tpp": 1_000, "reason": "superseded", "reference": "2"}
        ledger.post(entry("release", "AE", day(0), **gone))
        assert learnt_of(ledger, 130) == []


def test_what_is_not_shipped_comes_back_and_makes_room(tmp_path: Path) -> None:
    """Every forty days a license of fifty, of which nothing is shipped: two or three are open at a time."""
    with opened(tmp_path) as (ledger, clock):
        for number in range(10):
            licensed(ledger, clock, 40 * number, PERCENT, expires_on=day(40 * number + 50))
            if number >= 2:
                lapsed = {"license_no": f"L-{40 * number - 80}", "tpp": PERCENT, "reason": "expired"}
                ledger.post(entry("release", "AE", day(40 * number), **lapsed))
        row = rows_of(ledger, as_of=day(370))[90, "since opening"]
        assert (row["used_tpp"], row["expected_tpp"]) == (2 * PERCENT, 0)
        found = forecast_of(ledger, date.fromisoformat(day(370)), None, 91)
        # two lapse, two or three come: a rate alone would say that four or five are used
        assert found.p50_tpp in (2 * PERCENT, 3 * PERCENT)


def test_what_is_licensed_in_the_future_runs_as_long_as_the_regime_says(tmp_path: Path) -> None:
    with opened(tmp_path) as (ledger, clock):
        for number in range(10):
            licensed(ledger, clock, 20 * number, PERCENT, expires_on=day(20 * number + 10))
            if number:
                lapsed = {"license_no": f"L-{20 * number - 20}", "tpp": PERCENT, "reason": "expired"}
                ledger.post(entry("release", "AE", day(20 * number), **lapsed))
        url = f"sqlite:///{tmp_path / 'tppq.db'}"
    used_tpp = []
    for years in (1, 2):
        terms = replace(reference.load().regime("diffusion-2025"), license_years=years)
        with closing(Ledger(Store(Database(url, 10)), terms, "maria")) as ledger:
            used_tpp.append(forecast_of(ledger, date.fromisoformat(day(200)), None, 800).p50_tpp)
    # those of a year that nobody ships come back before the end, those of two years do not
    assert used_tpp[0] + 15 * PERCENT < used_tpp[1]


# ------------------------------------------------------------------------- the forecast of a quarter ago


def test_beside_a_forecast_stands_what_the_last_one_said_of_today(steady: Ledger) -> None:
    rows = rows_of(steady)
    before = date.fromisoformat(day(199)) - timedelta(days=91)
    said = forecast_of(steady, before, before.isoformat() + "T23:59:59.999999", 91)
    for row in rows.values():
        assert row["last_quarter_p50_tpp"] == said.p50_tpp
        assert row["last_quarter_error_tpp"] == said.p50_tpp - 40 * PERCENT
        assert row["last_quarter_within"] is (said.p10_tpp <= 40 * PERCENT <= said.p90_tpp)


@pytest.mark.parametrize(
    ("as_of", "lines"), [("0001-01-01", 0), ("0001-04-01", 0), ("0001-04-02", 0), ("9999-12-31", 6)]
)
def test_the_first_days_of_the_calendar_have_no_forecast_and_the_last_one_has_a_closed_one(
    steady: Ledger, as_of: str, lines: int
) -> None:
    outcomes = [row["outcome"] for row in steady.forecast(as_of=as_of, known_at=as_of).rows()]
    assert outcomes == ["closed"] * lines
    reported = steady.report(18, as_of=as_of, known_at=as_of).rows()
    assert [row["outcome"] for row in reported] == outcomes


def test_without_enough_known_then_there_is_no_last_forecast(tmp_path: Path) -> None:
    with opened(tmp_path) as (ledger, clock):
        clock.set(day(150))
        for number in range(10):
            ledger.post(entry("license", "AE", day(number), license_no=f"L-{number}", tpp=PERCENT))
        row = rows_of(ledger)[90, "since opening"]  # all was recorded today
        assert row["last_quarter_error_tpp"] is row["last_quarter_within"] is None


# ------------------------------------------------------------------------------------- drawing the futures


def test_a_quantile_is_the_least_that_so_many_reach() -> None:
    values = [3, None, 1, 2, 5, 4, 6, None, 7, 8]
    assert [outlook.quantile(values, tenths) for tenths in (1, 5, 8, 9)] == [1, 5, 8, None]
    assert outlook.quantile([], 5) is None


def test_without_a_past_the_future_is_what_licenses_give_back() -> None:
    held = [Held(1_000, 10, 100), Held(500, 120, 100)]
    curve = outlook.learnt([(1, 250, 900)])
    drawn = outlook.draw(Standing(CAP, 10_000, held), Past(100, 0, []), curve, 200, 30, [20_000], "seed")
    assert set(drawn.used_tpp) == {10_000 - 750 - 500}
    assert drawn.reached == {20_000: [None] * outlook.FUTURES}
    assert set(
        outlook.draw(Standing(CAP, 10_000, held), Past(100, 0, []), curve, 5, 30, [], "").used_tpp
    ) == {10_000}


def test_a_tenth_that_nobody_ended_in_ships_all_it_holds() -> None:
    assert outlook.learnt([]) == [[Ended(1000, None)]] * 10
    assert outlook.expected_tpp([Held(1_000, 50, 100)], outlook.learnt([])) == 1_000


def test_no_future_uses_more_than_was_allocated() -> None:
    past = Past(10, 10, [CAP // 4] * 10)
    drawn = outlook.draw(Standing(CAP, 0, []), past, outlook.learnt([]), 365, 30, [CAP], "seed")
    assert set(drawn.used_tpp) == {CAP}
    assert None not in drawn.reached[CAP]


def test_futures_bring_as_many_draws_as_the_past_did_and_vary() -> None:
    past = Past(100, 20, [1_000] * 20)
    used = outlook.draw(Standing(CAP, 0, []), past, outlook.learnt([]), 100, 30, [], "seed").used_tpp
    assert 19_000 <= sum(used) / len(used) <= 21_000
    assert len(set(used)) > 20
    other = outlook.draw(Standing(CAP, 0, []), past, outlook.learnt([]), 100, 30, [], "other seed").used_tpp
    assert used != other


def test_a_country_borrows_from_others_what_it_never_saw() -> None:
    own, lent = [1_000] * 5, [50_000]
    alone = outlook.draw(Standing(CAP, 0, []), Past(100, 5, own), outlook.learnt([]), 100, 30, [], "seed")
    helped = outlook.draw(
        Standing(CAP, 0, []), Past(100, 5, own, lent), outlook.learnt([]), 100, 30, [], "seed"
    )
    assert max(alone.used_tpp) < 50_000 <= max(helped.used_tpp)


# ----------------------------------------------------------------------------------------- the back-test


def test_coverage_counts_what_came_within_below_and_above() -> None:
    told = [Case("AE", day(0), 10, 20, 30, 25, came_tpp) for came_tpp in (10, 30, 9, 31, 20)]
    found = coverage(told)
    assert (found.cases, found.within, found.below, found.above) == (5, 3, 1, 1)
    assert found.error_tpp == (10 + 10 + 11 + 11 + 0) / 5
    assert found.smooth_error_tpp == (15 + 5 + 16 + 6 + 5) / 5


def test_the_back_test_finds_what_came_of_each_forecast(tmp_path: Path) -> None:
    """A quiet quarter comes in below or within, a jump that nothing foretold above."""
    with opened(tmp_path) as (ledger, clock):
        for number in range(20):
            licensed(ledger, clock, 10 * number, PERCENT // 10)
        licensed(ledger, clock, 300, 60 * PERCENT)
        clock.set(day(400))
        quiet, jump = date.fromisoformat(day(100)), date.fromisoformat(day(250))
        first, second = cases(ledger, [quiet, jump], 91)
        assert (first.country, first.came_tpp) == ("AE", 20 * (PERCENT // 10))
        assert first.p10_tpp <= first.came_tpp <= first.p90_tpp
        assert first.smooth_tpp == 11 * (PERCENT // 10) + 91 * (11 * (PERCENT // 10) // 101)
        assert second.came_tpp == 20 * (PERCENT // 10) + 60 * PERCENT > second.p90_tpp
        assert coverage([first, second])[:4] == (2, 1, 0, 1)


def test_a_day_told_is_within_where_it_came_then_or_still_may() -> None:
    until = date(2026, 6, 1)
    early, late = date(2026, 2, 1), date(2026, 9, 1)
    told = [
        (Dated("AE", "", 90, early, late, date(2026, 3, 1)), True, True),
        (Dated("AE", "", 90, early, late, None), True, True),  # it still may
        (Dated("AE", "", 90, early, date(2026, 5, 1), None), True, False),  # it should have come
        (Dated("AE", "", 90, early, None, None), True, True),
        (Dated("AE", "", 90, late, None, None), False, True),  # nothing to learn yet
        (Dated("AE", "", 90, None, None, date(2026, 3, 1)), True, False),  # it came, and was not told of
        (Dated("AE", "", 90, early, late, date(2026, 1, 1)), True, False),
    ]
    assert [(each.is_telling(until), each.is_within(until)) for each, *_ in told] == [
        (telling, within) for _, telling, within in told
    ]


def test_the_day_on_which_it_came_is_found(tmp_path: Path) -> None:
    with opened(tmp_path) as (ledger, clock):
        for number in range(19):
            licensed(ledger, clock, 10 * number, 5 * PERCENT)
        clock.set(day(200))
        made_on, until = date.fromisoformat(day(125)), date.fromisoformat(day(200))
        found = {each.percent: each for each in dated(ledger, [made_on], until)}
        assert found[90].came_on == date.fromisoformat(day(170))
        assert found[90].is_within(until)
        assert found[100].came_on is None


def test_of_a_past_like_its_future_about_four_of_five_come_within(
    tmp_path: Path, chance: Callable[[], float]
) -> None:
    """Countries that draw at random, each at a pace of its own, all year."""
    clock = Clock(day(0))
    with Ledger.init(f"sqlite:///{tmp_path / 'tppq.db'}", clock=clock) as ledger:
        countries = [row["country"] for row in ledger.headroom() if row["control_state"] == "none"][:16]
        due = sorted(
            (int(chance() * 365), country, int(chance() ** 3 * 2 * PERCENT) + 1)
            for place, country in enumerate(countries)
            for _ in range(12 + place)
        )
        for number, (on, country, tpp) in enumerate(due):
            clock.set(day(on))
            ledger.post(entry("license", country, day(on), license_no=f"L-{number}", tpp=tpp))
        clock.set(day(365))
        made_on = [date.fromisoformat(day(number)) for number in (180, 270)]
        found = coverage(cases(ledger, made_on, 91))
    assert found.cases > 25
    assert 0.65 <= found.within / found.cases <= 0.95


@pytest.fixture
def chance() -> Callable[[], float]:
    return Random(20_261_122).random  # noqa: S311  # a fixed seed: the same ledger each time


def test_the_tenths_of_a_term_follow_each_other() -> None:
    held = [Held(100, days, 1_000) for days in range(0, 1_000, 100)]
    curve = outlook.learnt([(tenth, 100 * tenth, None) for tenth in range(10)])
    shares = [outlook.expected_tpp([each], curve) for each in held]
    assert shares == [10 * tenth for tenth in range(10)]
    assert all(one < other for one, other in pairwise(shares))
    assert outlook.expected_tpp([Held(100, 1_000, 1_000), Held(100, 0, 0)], curve) == 0
