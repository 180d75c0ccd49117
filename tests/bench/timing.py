"""Taking times, and the line that each job prints."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from pathlib import Path
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


def own_peak_mb() -> int:
    """The peak memory of this process, which begins, unlike that of `resource`, below that of its parent."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20  # macOS, in bytes
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024
