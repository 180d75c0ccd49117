"""One program of the comparison, in a process of its own: what it has loaded and how it ends is its own too.

`python -m tests.bench.others_asked NAME FOLDER URL` prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.bench import others_plain, others_tables
from tests.bench.others_contender import Balances, Contender, Journal

CONTENDERS: Mapping[str, Callable[[Journal], AbstractContextManager[Contender]]] = MappingProxyType(
    {
        "tppq": others_tables.tppq,
        "duckdb": others_tables.on_parquet,
        "sqlite": others_tables.in_sqlite,
        "postgresql": others_tables.in_postgresql,
        "pandas": others_tables.in_pandas,
        "polars": others_tables.in_polars,
        "ledger": others_plain.ledger_cli,
        "hledger": others_plain.hledger,
        "beanquery": others_plain.beanquery,
    }
)
ENOUGH_SECONDS = 3.0
"""How long one question is asked again and again, to take the least time of it."""

DAYS_SECONDS, LEAST_DAYS = 12.0, 3
"""How long one day after another is asked about, and how many at least: the rest is worked out."""


class Differs(Exception):
    """An answer is not ours: its times would compare nothing."""


def told(name: str, journal: Journal) -> dict[str, Any]:
    """How long a program takes for each question, once all its answers are ours."""
    start = time.perf_counter()
    with CONTENDERS[name](journal) as contender:
        ready_s = time.perf_counter() - start
        balances_s, found = _least(lambda: contender.balances(None))
        _must_be(journal.balances(None), found, "")
        running_s, after = _least(contender.running)
        if journal.differs(contender.after(after)):
            raise Differs("another headroom after some entry than ours")
        days, as_of_s = 0, 0.0
        for took_s in _as_of(contender, journal):
            days, as_of_s = days + 1, as_of_s + took_s
            if as_of_s > DAYS_SECONDS and days >= LEAST_DAYS:
                break
    return {
        "title": contender.title, "how": contender.how, "ready_s": ready_s, "balances_s": balances_s,
        "running_s": running_s, "as_of_s": as_of_s * len(journal.days) / days, "days": days,
        "memory_mb": contender.peak_mb(),
    }  # fmt: skip


def _least(question: Callable[[], Any]) -> tuple[float, Any]:
    """The least time of several, and the answer."""
    times: list[float] = []
    while True:
        start = time.perf_counter()
        answer = question()
        times.append(time.perf_counter() - start)
        if sum(times) > ENOUGH_SECONDS or len(times) >= 5:
            return min(times), answer


def _as_of(contender: Contender, journal: Journal) -> Iterator[float]:
    """The time of each day's question."""
    for day in journal.days:
        start = time.perf_counter()
        found = contender.balances(day)
        yield time.perf_counter() - start
        _must_be(journal.balances(day), found, f" as of {day}")


def _must_be(ours: Balances, found: Balances, when: str) -> None:
    """Raise Differs where a country has something else in a bucket; nothing and no country are the same."""
    for country in sorted(set(ours) | set(found)):
        here, there = (list(each.get(country, ())) for each in (ours, found))
        if here != there and (any(here) or any(there)):
            raise Differs(f"{country} has {there}{when}, ours {here}")


def main(name: str, folder: str, url: str) -> None:
    try:
        line = told(name, Journal(Path(folder), url))
    except Differs as why:
        line = {"differs": str(why)}
    sys.stdout.write(json.dumps(line))


if __name__ == "__main__":
    main(*sys.argv[1:])
