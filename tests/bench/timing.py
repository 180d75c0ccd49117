"""Taking times, and the line that each job prints."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple


class Line(NamedTuple):
    """One job: what we took, what the yardstick took, their ratio, and what was asked for."""

    job: str
    ours: str
    yardstick: str
    ratio: str
    asked: str


def seconds(job: Callable[[], object], times: int = 1) -> float:
    """The least time of several runs."""
    return min(each(job) for _ in range(times))


def median_seconds(job: Callable[[], object], times: int) -> float:
    """The time that half of the runs stay under."""
    return median(each(job) for _ in range(times))


def each(job: Callable[[], object]) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start
