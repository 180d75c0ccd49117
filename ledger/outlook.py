"""Futures of a quota, drawn from its past: when it will have used so much, and how much it will have used.

Licensing is lumpy: months of nothing, then one rack of 0.36 % of a cap. So no smooth rate is carried on.
Each drawn future first draws its past anew (which days brought licenses, and which), then days to come from
that past; what licenses hold is shipped in the share in which an ended license of the same age shipped what
it held, and the rest returns to the headroom when that license gave it back. The same seed gives the same
futures on every machine: nothing but `Random.random` decides.

Pure: days are counted from the day on which the forecast is made, amounts are whole TPP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from math import exp, log, sqrt
from random import Random
from typing import NamedTuple

FUTURES = 500
LEAST_DRAWS = 5
"""With fewer draws than these there is no telling when the next will come: no date is given."""

YEAR_DAYS = 365
TENTHS = 10
_MANY = 30
_NEVER = 2**63


class Ended(NamedTuple):
    """What became of what a license held at some age: the share that was shipped, in thousandths.

    `released_permille` is the part of its term after which the rest was given back; None where it lapsed.
    """

    shipped_permille: int
    released_permille: int | None


Curve = Sequence[Sequence[Ended]]
"""By tenth of a license's term: what became of the ended licenses that still held something then."""


class Held(NamedTuple):
    """What a license holds now: how long ago it was issued and how long it runs, in days."""

    tpp: int
    issued_days_ago: int
    term_days: int


class _Open(NamedTuple):
    """What a license holds, what became of others like it, and the day of its term on which it lapses."""

    tpp: int
    issued_days_ago: int
    term_days: int
    alike: Sequence[Ended]
    lapses: int


class Past(NamedTuple):
    """A run-rate: the draws of a window of days, as the TPP of each day that had any (below zero: returns).

    `lent` are the draws of all countries, from which a country borrows a few: what it never saw can happen.
    """

    days: int
    draws: int
    by_day: Sequence[int]
    lent: Sequence[int] = ()

    @property
    def daily_tpp(self) -> int:
        return sum(self.by_day) // self.days if self.days > 0 else 0


class Standing(NamedTuple):
    """Where a quota stands: what it was allocated, has used, and its licenses hold."""

    allocated_tpp: int
    used_tpp: int
    held: Sequence[Held]


class Futures(NamedTuple):
    """By target, for each drawn future: the day it was first reached, or None.

    `used_tpp` is what each has used in the end.
    """

    reached: Mapping[int, list[int | None]]
    used_tpp: list[int]


def draw(
    standing: Standing,
    past: Past,
    curve: Curve,
    days: int,
    lag_days: int,
    targets_tpp: Sequence[int],
    seed: str,
    *,
    term_days: int = YEAR_DAYS,
) -> Futures:
    """So many `days` of `FUTURES` futures. `lag_days` after a license's end what it holds is given back.

    What is licensed in them runs for `term_days`.
    """
    chance = Random(seed).random  # noqa: S311  # a forecast, not a secret
    open_now = [_Open(*each, _tenth_of(each, curve), each.term_days + lag_days) for each in standing.held]
    targets = sorted(targets_tpp)
    reached: dict[int, list[int | None]] = {target: [] for target in targets}
    used_tpp = []
    for _ in range(FUTURES):
        back = _given_back(open_now, days, chance)
        used, ahead = standing.used_tpp, iter(targets)
        target = next(ahead, _NEVER)
        for day, asked, back_day, unshipped in _drawn(past, curve, days, (term_days, lag_days), chance):
            while back and back[0][0] <= day:
                used += heappop(back)[1]
            while used + asked >= target:
                reached[target].append(day)
                target = next(ahead, _NEVER)
            left = max(0, standing.allocated_tpp - used)
            taken = min(asked, left)  # what no longer fits is licensed as far as it does
            used += taken
            if unshipped and taken and back_day <= days:
                heappush(back, (back_day, unshipped * taken // asked))
        used_tpp.append(used + sum(tpp for _, tpp in back))
        for never in (target, *ahead):
            if never != _NEVER:
                reached[never].append(None)
    return Futures(reached, used_tpp)


def _given_back(held: Sequence[_Open], days: int, chance: Callable[[], float]) -> list[tuple[int, int]]:
    """What licenses hold now and will not ship, on the day on which it comes back: a heap."""
    changes = []
    for tpp, issued_days_ago, term_days, alike, lapses in held:
        share, after = alike[int(chance() * len(alike))]
        if share < 1000:
            at = lapses if after is None else term_days * after // 1000
            if at - issued_days_ago <= days:
                changes.append((max(1, at - issued_days_ago), tpp * share // 1000 - tpp))
    heapify(changes)
    return changes


def _drawn(
    past: Past, curve: Curve, days: int, term: tuple[int, int], chance: Callable[[], float]
) -> Iterator[tuple[int, int, int, int]]:
    """What will be asked for, in order: day and TPP; the day on which how much (below zero) comes back.

    `term` is for how many days a license runs, and after how many more what it holds is given back.
    """
    term_days, lag_days = term
    own, lent = past.by_day, past.lent
    count = _about(len(own), chance) if own else 0
    if not count:
        return
    of_its_own = len(own) / (len(own) + (LEAST_DRAWS if lent else 0))
    lot: dict[int, int] = {}  # the past as it might have been: so many days, each drawn when it is needed
    per_day, alike = past.days / count, curve[0]
    at = -per_day * log(1 - chance())
    while at < days:
        which, day = int(chance() * count), int(at) + 1
        if which not in lot:
            source = own if chance() < of_its_own else lent
            lot[which] = source[int(chance() * len(source))]
        tpp = lot[which]
        if tpp > 0:
            share, after = alike[int(chance() * len(alike))]
            lapses = term_days + lag_days if after is None else term_days * after // 1000
            yield day, tpp, day + lapses, tpp * share // 1000 - tpp
        else:
            yield day, tpp, day, 0
        at -= per_day * log(1 - chance())


def _about(expected: int, chance: Callable[[], float]) -> int:
    """As many events as a time brings that brings so many in the mean (Poisson; near enough for many)."""
    if expected > _MANY:
        normal = sum(chance() for _ in range(12)) - 6
        return max(0, round(expected + normal * sqrt(expected)))
    count, left = 0, exp(-expected)
    product = chance()
    while product > left:
        count += 1
        product *= chance()
    return count


def learnt(rows: Sequence[tuple[int, int, int | None]]) -> Curve:
    """The curve of ended licenses, given as (tenth, shipped_permille, released_permille).

    A tenth without any is taken to ship all that it holds: then nothing is promised to come back.
    """
    curve: list[list[Ended]] = [[] for _ in range(TENTHS)]
    for tenth, shipped_permille, released_permille in rows:
        curve[tenth].append(Ended(shipped_permille, released_permille))
    return [ended or [_SHIPPED] for ended in curve]


_SHIPPED, _LAPSED = Ended(1000, None), Ended(0, None)


def _tenth_of(held: Held, curve: Curve) -> Sequence[Ended]:
    """Those that were of this age; what is past its term is not shipped any more."""
    tenth = held.issued_days_ago * TENTHS // held.term_days if held.term_days > 0 else TENTHS
    return curve[tenth] if tenth < TENTHS else (_LAPSED,)


def expected_tpp(held: Sequence[Held], curve: Curve) -> int:
    """What licenses will have shipped, in the mean, of what they hold now."""
    total = 0
    for each in held:
        shares = [ended.shipped_permille for ended in _tenth_of(each, curve)]
        total += each.tpp * sum(shares) // (1000 * len(shares))
    return total


def quantile(values: Sequence[int | None], tenths: int) -> int | None:
    """The least value that so many tenths of all reach; None where too many have none."""
    known = sorted(value for value in values if value is not None)
    place = -(-len(values) * tenths // TENTHS) - 1
    return known[place] if 0 <= place < len(known) else None
