"""When a country's quota will be critical (90 %) and used up: from its licenses, not from a smooth rate.

The futures are drawn in `outlook`; the SQL that says from what is in `schemas/forecast`. Beside each forecast
stands how far the one of a quarter ago was off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from ledger import outlook
from ledger.answer import Answer, Rows
from ledger.outlook import Curve, Held, Past, Standing
from ledger.question import instant, times
from ledger.questions import Questions

QUARTER_DAYS = 91
LONGEST = "since opening"
RUN_RATES: Mapping[str, int | None] = {"30 days": 30, "90 days": 90, LONGEST: None}
_MOST_ENDED = 2_000
"""Ended licenses that are learnt from: the last ones."""

_LEAST_ENDED = 5
_COLUMNS = {
    "country": "string", "country_name": "string", "percent": "int64", "run_rate": "string",
    "draws": "int64", "daily_tpp": "int64", "allocated_tpp": "int64", "used_tpp": "int64",
    "expected_tpp": "int64", "outcome": "string", "p10_on": "date32[day]", "p50_on": "date32[day]",
    "p90_on": "date32[day]", "not_in_period_percent": "decimal128(4, 1)", "last_quarter_p50_tpp": "int64",
    "last_quarter_error_tpp": "int64", "last_quarter_within": "bool",
}  # fmt: skip


class Quota(NamedTuple):
    """What a country's forecast starts from: where it stands, its past at each run-rate."""

    country: str
    country_name: str
    standing: Standing
    exported_tpp: int
    is_closed: bool
    pasts: Mapping[str, Past]


class Outlook(NamedTuple):
    """What a quota will have used after some days: what one, five, nine of ten futures stay within.

    `smooth_tpp` is what its run-rate alone would come to, to compare.
    """

    p10_tpp: int
    p50_tpp: int
    p90_tpp: int
    smooth_tpp: int


class Forecasts(Questions):
    """The forecasts, as methods of an open ledger."""

    def forecast(
        self,
        country: str | None = None,
        *,
        as_of: date | str | None = None,
        known_at: date | str | None = None,
    ) -> Answer:
        """When a quota will be critical, and used up: one row per country, percent and run-rate.

        Columns: country, country_name, percent (90, or what the regime calls critical; 100: less than one
        H100 is left), run_rate (30 days, 90 days, since opening), draws (licenses in it), daily_tpp,
        allocated_tpp, used_tpp (all that is not headroom), expected_tpp (exported, and what licenses hold by
        the share that such licenses shipped), outcome (reached; dated; not in period; too few draws: below 5
        there is no date; closed), p10_on, p50_on, p90_on (the day by which so many of 100 drawn futures are
        there), not_in_period_percent, and what the forecast of a quarter ago said of today:
        last_quarter_p50_tpp, last_quarter_error_tpp (that less used_tpp), last_quarter_within (P10 to P90).
        The same ledger and times give the same answer.
        Raises UnknownName, NoQuota, DenialPolicy, BadQuery (no day, no instant), NotPermitted.
        """
        code = self._country(country) if country is not None else None
        asked = times(as_of, known_at)
        today = date.fromisoformat(asked["as_of"] or self._store.day_at(self._store.head()))
        known = asked["known_at"]
        quotas, curve, answer = self._quotas(today, known, code)
        if code is not None and not quotas:
            self._must_have_quota(code, set(), answer, country or code)
        earlier = self._a_quarter_ago(today, known, code)
        days = (date.fromisoformat(self._terms.period_to) - today).days
        rows = [
            row
            for quota in quotas
            for row in self._rows(quota, curve, today, days, earlier.get(quota.country))
        ]
        about = {"futures": outlook.FUTURES, "least_draws": outlook.LEAST_DRAWS}
        held = [tuple(row.get(name) for name in _COLUMNS) for row in rows]
        return Answer(Rows(tuple(_COLUMNS), tuple(_COLUMNS.values()), held), {**answer.basis, **about})

    def _a_quarter_ago(self, today: date, known_at: str | None, country: str | None) -> dict[str, Outlook]:
        """What was forecast of today; nothing where a calendar has no day a quarter before it."""
        if (today - date.min).days < QUARTER_DAYS:
            return {}
        before = today - timedelta(days=QUARTER_DAYS)
        then = min(filter(None, (known_at, instant(before.isoformat()))))
        return self._outlooks(before, then, QUARTER_DAYS, country=country)

    def _outlooks(
        self, as_of: date, known_at: str | None, days: int, *, country: str | None = None
    ) -> dict[str, Outlook]:
        """What each country will have used so many days later, as forecast on a day by what was known then.

        Countries with fewer than 5 draws since their opening have none.
        """
        quotas, curve, _ = self._quotas(as_of, known_at, country)
        found = {}
        for quota in quotas:
            past = quota.pasts[LONGEST]
            if past.draws < outlook.LEAST_DRAWS:
                continue
            seed = f"{quota.country} {as_of} {days}"
            futures = outlook.draw(
                quota.standing, past, curve, days, self._lag_days, (), seed, term_days=self._term_days
            )
            p10, p50, p90 = (outlook.quantile(futures.used_tpp, tenths) or 0 for tenths in (1, 5, 9))
            smooth = quota.standing.used_tpp + days * past.daily_tpp
            found[quota.country] = Outlook(p10, p50, p90, min(quota.standing.allocated_tpp, smooth))
        return found

    @property
    def _lag_days(self) -> int:
        return int(self._terms.choices["expiry_lag_days"])

    @property
    def _term_days(self) -> int:
        """How long what is licensed runs: as `terms` has it, but for the days of leap years."""
        return self._terms.license_years * outlook.YEAR_DAYS

    def _rows(
        self, quota: Quota, curve: Curve, today: date, days: int, earlier: Outlook | None
    ) -> list[dict[str, Any]]:
        """The rows of one country: each percent at each run-rate."""
        standing = quota.standing
        used = standing.used_tpp
        # 100 % is, as `exhausted` in `balance_state`, less than one H100 left
        critical = self._terms.critical_percent
        targets = {
            critical: -(-standing.allocated_tpp * critical // 100),
            100: standing.allocated_tpp - self._terms.h100_tpp + 1,
        }
        same = {
            "country": quota.country, "country_name": quota.country_name,
            "allocated_tpp": standing.allocated_tpp, "used_tpp": used,
            "expected_tpp": quota.exported_tpp + outlook.expected_tpp(standing.held, curve),
            "last_quarter_p50_tpp": None if earlier is None else earlier.p50_tpp,
            "last_quarter_error_tpp": None if earlier is None else earlier.p50_tpp - used,
            "last_quarter_within": None if earlier is None else earlier.p10_tpp <= used <= earlier.p90_tpp,
        }  # fmt: skip
        rows = []
        for name, past in quota.pasts.items():
            ahead = [target for target in targets.values() if target > used]
            dated = past.draws >= outlook.LEAST_DRAWS and ahead and days > 0 and not quota.is_closed
            seed = f"{quota.country} {today} {name}"
            reached: Mapping[int, Sequence[int | None]] = {}
            if dated:
                reached = outlook.draw(
                    standing, past, curve, days, self._lag_days, ahead, seed, term_days=self._term_days
                ).reached
            for percent, target in targets.items():
                row = same | {
                    "percent": percent, "run_rate": name, "draws": past.draws, "daily_tpp": past.daily_tpp,
                }  # fmt: skip
                if quota.is_closed or days <= 0:
                    row["outcome"] = "closed"
                elif target <= used:
                    row["outcome"] = "reached"
                elif target in reached:
                    row |= _dated(reached[target], today)
                else:
                    row["outcome"] = "too few draws"
                rows.append(row)
        return sorted(rows, key=lambda row: row["percent"])

    def _quotas(
        self, as_of: date, known_at: str | None, country: str | None
    ) -> tuple[list[Quota], Curve, Answer]:
        """What the forecasts of a day start from; the last is the answer that says where quotas stand."""
        values = {"as_of": as_of.isoformat(), "known_at": known_at}
        one = values | {"country": country}
        standing = self._ask("forecast/standing.sql", one)
        held: defaultdict[str, list[Held]] = defaultdict(list)
        for row in self._ask("forecast/held.sql", one):
            issued, expires = row["issued_on"], row["expires_on"]
            held[row["country"]].append(
                Held(row["outstanding_tpp"], (as_of - issued).days, (expires - issued).days)
            )
        drawn: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in self._ask("forecast/drawn.sql", values):
            drawn[row["country"]].append(row)
        lent = [row["tpp"] for rows in drawn.values() for row in rows if row["draws"]]
        ended = self._ask(
            "forecast/ended.sql", values | {"lag_days": self._lag_days, "most": _MOST_ENDED}
        ).rows()
        quotas = [
            Quota(
                row["country"], row["country_name"],
                Standing(row["allocated_tpp"], row["used_tpp"], held[row["country"]]),
                row["exported_tpp"], row["is_closed"],
                _pasts(drawn[row["country"]], lent, as_of, row["opened_on"]),
            )
            for row in standing
        ]  # fmt: skip
        return quotas, _learnt(ended), standing


def _learnt(ended: Sequence[Mapping[str, Any]]) -> Curve:
    """The curve of those whose term is over; where they are too few, of all that ended.

    Of a young ledger, what ended early says little of what will: there is nothing else to go by.
    """
    over = [row for row in ended if row["is_over"]]
    if len({row["license_no"] for row in over}) < _LEAST_ENDED:
        over = list(ended)
    return outlook.learnt([(row["tenth"], row["shipped_permille"], row["released_permille"]) for row in over])


def _pasts(
    drawn: Sequence[Mapping[str, Any]], lent: Sequence[int], as_of: date, opened_on: date
) -> dict[str, Past]:
    """What was drawn in the last days, by run-rate; none is longer than the quota is open."""
    open_days = (as_of - opened_on).days + 1
    pasts = {}
    for name, window in RUN_RATES.items():
        days = min(window or open_days, open_days)
        since = as_of - timedelta(days=days - 1)
        within = [row for row in drawn if row["on_day"] >= since]
        draws = sum(row["draws"] for row in within)
        pasts[name] = Past(days, draws, [row["tpp"] for row in within], lent)
    return pasts


def _dated(when: Sequence[int | None], today: date) -> dict[str, Any]:
    """When so many futures had reached a target, as columns of a row."""
    never = when.count(None)
    on = {
        f"p{tenths}0_on": None if at is None else today + timedelta(days=at)
        for tenths in (1, 5, 9)
        for at in [outlook.quantile(when, tenths)]
    }
    return {
        **on,
        "outcome": "not in period" if on["p50_on"] is None else "dated",
        "not_in_period_percent": (Decimal(never * 1000 // len(when))).scaleb(-1),
    }
