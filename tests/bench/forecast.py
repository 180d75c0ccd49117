"""How good forecasts were: those of past days, made from what was known then, against what came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from ledger import Ledger
from ledger.forecast import LONGEST, QUARTER_DAYS
from tests import sample_in_time
from tests.bench.timing import Line, seconds
from tests.clock import Clock

CAP_TPP, H100_TPP = 790_000_000, 15_832
THROUGH = date(2026, 10, 31)
MADE_ON = [date(2025, 6, 29), date(2025, 9, 28), date(2025, 12, 28), date(2026, 3, 29), date(2026, 6, 28)]


class Case(NamedTuple):
    """What was forecast of one country, what a smooth rate would have said, and what came (TPP used)."""

    country: str
    made_on: str
    p10_tpp: int
    p50_tpp: int
    p90_tpp: int
    smooth_tpp: int
    came_tpp: int


class Coverage(NamedTuple):
    """How many forecasts there were, what came of them, and the mean error of P50 and of a smooth rate."""

    cases: int
    within: int
    below: int
    above: int
    error_tpp: float
    smooth_error_tpp: float


def cases(ledger: Ledger, made_on: Sequence[date], days: int) -> list[Case]:
    """Forecasts of so many days ahead, by what was known on the days they were made, and what came."""
    found = []
    for on in made_on:
        came = _used(ledger, on + timedelta(days=days))
        outlooks = ledger._outlooks(on, f"{on}T23:59:59.999999Z", days)  # noqa: SLF001  # as verb forecast asks
        for country, told in outlooks.items():
            found.append(Case(country, on.isoformat(), *told, came[country]))
    return found


def _used(ledger: Ledger, on: date) -> dict[str, int]:
    return {row["country"]: row["allocated_tpp"] - row["headroom_tpp"] for row in ledger.headroom(as_of=on)}


def coverage(told: Sequence[Case]) -> Coverage:
    """What came of all of them together."""
    below = sum(case.came_tpp < case.p10_tpp for case in told)
    above = sum(case.came_tpp > case.p90_tpp for case in told)
    return Coverage(
        len(told),
        len(told) - below - above,
        below,
        above,
        sum(abs(case.p50_tpp - case.came_tpp) for case in told) / len(told),
        sum(abs(case.smooth_tpp - case.came_tpp) for case in told) / len(told),
    )


class Dated(NamedTuple):
    """The days told for one country and percent, and the day that it came to be (None: not by then)."""

    country: str
    made_on: str
    percent: int
    p10_on: date | None
    p90_on: date | None
    came_on: date | None

    def is_telling(self, until: date) -> bool:
        """Whether anything can be learnt of it by a day: it came, or might have."""
        return self.came_on is not None or (self.p10_on is not None and self.p10_on <= until)

    def is_within(self, until: date) -> bool:
        """Whether it came between P10 and P90, or, if it has not come yet, still may."""
        if self.came_on is None:
            return self.p90_on is None or self.p90_on > until
        lowest, highest = self.p10_on or date.max, self.p90_on or date.max
        return lowest <= self.came_on <= highest


def dated(ledger: Ledger, made_on: Sequence[date], until: date) -> list[Dated]:
    """Every date told on these days at the longest run-rate that something can be learnt of."""
    closing: dict[str, list[tuple[date, int]]] = {}
    for row in ledger.sql("from headroom_daily order by on_day"):
        closing.setdefault(row["country"], []).append((row["on_day"], row["headroom_tpp"]))
    found = []
    for on in made_on:
        for row in ledger.forecast(as_of=on, known_at=on.isoformat()):
            if row["run_rate"] != LONGEST or row["outcome"] not in ("dated", "not in period"):
                continue
            left = row["allocated_tpp"] // 10 if row["percent"] == 90 else H100_TPP - 1
            days = closing[row["country"]]
            came = next((each for each, tpp in days if tpp <= left and on < each <= until), None)
            case = Dated(
                row["country"], on.isoformat(), row["percent"], row["p10_on"], row["p90_on"], came
            )  # fmt: skip
            found.extend([case] if case.is_telling(until) else [])
    return found


def back_test(folder: Path) -> Iterator[Line]:
    """The sample, quarter by quarter: how often what came lay between P10 and P90."""
    url = sample_in_time.post(folder)
    with Ledger.open(url, clock=Clock(sample_in_time.ENDS)) as ledger:
        found = coverage(cases(ledger, MADE_ON, QUARTER_DAYS))
        days = dated(ledger, MADE_ON, THROUGH)
        one, everything = seconds(lambda: ledger.forecast("MX")), seconds(ledger.forecast)
    yield Line(
        f"forecast of {found.cases} past quarters within P10 to P90", f"{found.within / found.cases:.1%}",
        f"below {found.below / found.cases:.1%}, above {found.above / found.cases:.1%}", "", "80 %",
    )  # fmt: skip
    within = sum(each.is_within(THROUGH) for each in days)
    came = sum(each.came_on is not None for each in days)
    yield Line(
        f"  days of 90 % and 100 %: {len(days)} told, {came} came", f"{within / len(days):.1%}",
        "within P10 to P90, or not due yet", "", "80 %",
    )  # fmt: skip
    yield Line(
        "  mean error of P50, in parts of a cap", f"{found.error_tpp / CAP_TPP:.2%}",
        f"a smooth rate {found.smooth_error_tpp / CAP_TPP:.2%}",
        f"{found.error_tpp / found.smooth_error_tpp:.2f}", "< 1",
    )  # fmt: skip
    yield Line("  one country; all of them", f"{one:.1f} s; {everything:.1f} s", "", "", "")
