"""How fast questions are answered: as a whole process, and in one that stays open."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any, NamedTuple

import duckdb
import numpy as np

from ledger import Entry, Kind, Ledger
from tests.bench.timing import Line, median_seconds, seconds

TIMES = 7
ON = date(2026, 2, 1)
DAY = "2026-06-30"
IDLE = "import duckdb; duckdb.connect().execute('select 1')"


# Starts a process from a small one: a child's peak memory is at least what its parent had when it began.
SMALL = """
import os, subprocess, sys, time
start = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
print(status, time.perf_counter() - start, usage.ru_maxrss, file=sys.stderr)
"""


class Ran(NamedTuple):
    """One process: how long it took, its peak memory, what it said."""

    took_s: float
    memory_mb: float
    said: bytes


def ran(*command: str) -> Ran:
    started = subprocess.run([sys.executable, "-S", "-c", SMALL, *command], capture_output=True, check=True)
    status, took_s, memory_kb = started.stderr.split()
    assert status == b"0", command
    return Ran(float(took_s), int(memory_kb) / 1000, started.stdout)


def best(*command: str) -> Ran:
    """The quickest of several."""
    return min((ran(*command) for _ in range(TIMES)), key=lambda each: each.took_s)


def asks(url: str, *arguments: str, verb: str = "headroom") -> list[str]:
    return [sys.executable, "-m", "ledger", "--ledger", url, verb, "--json", *arguments]


# ----------------------------------------------------------------------------------------- whole process


def whole_process(url: str) -> Iterator[Line]:
    """`tppq headroom` from start to end; Python and DuckDB doing nothing."""
    first = ran(*asks(url))
    now, past = best(*asks(url)), best(*asks(url, "--as-of", DAY))
    idle = best(sys.executable, "-c", IDLE)
    yield Line(
        "tppq headroom, whole process", f"{now.took_s:.2f} s",
        f"python + duckdb start-up {idle.took_s:.2f} s", f"{now.took_s / idle.took_s:.1f}", "< 0.7 s",
    )  # fmt: skip
    yield Line("  as of a day", f"{past.took_s:.2f} s", "", f"{past.took_s / idle.took_s:.1f}", "")
    yield Line("  the first after the import", f"{first.took_s:.2f} s", "", "", "")
    helped = best(sys.executable, "-m", "ledger", "--help")
    yield Line(
        "tppq --help", f"{helped.took_s:.2f} s", "", f"{helped.took_s / idle.took_s:.1f}", "< 0.3 s",
    )  # fmt: skip
    licenses = asks(url, "IN", verb="licenses")
    first, again = ran(*licenses), best(*licenses)
    yield Line(
        "tppq licenses of one country, whole process", f"{again.took_s:.2f} s", f"{again.memory_mb:.0f} MB",
        f"{again.took_s / idle.took_s:.1f}", "",
    )  # fmt: skip
    yield Line("  the first, which makes the copies that it reads", f"{first.took_s:.2f} s", "", "", "")


# ------------------------------------------------------------------------------------------ open process


def open_process(url: str) -> Iterator[Line]:
    """Balances, running headroom and one more post, in a process that stays open."""
    with Ledger.open(url) as ledger:
        ledger.headroom()
        numbers = iter(range(1000))

        def post_and_ask() -> None:
            reason = f"{next(numbers)}"
            ledger.post(Entry(kind=Kind.block, country="KI", effective_on=ON, tpp=1, reason=reason))
            ledger.headroom()

        took = median_seconds(post_and_ask, 200)
        posted = median_seconds(
            lambda: ledger.post(Entry(kind=Kind.unblock, country="KI", effective_on=ON, tpp=1)), 100
        )
        yield Line(
            "one post until all headroom is right, asked again", f"{took * 1000:.1f} ms",
            f"the post alone {posted * 1000:.1f} ms", f"{took / posted:.1f}", "p50 < 5 ms",
        )  # fmt: skip
        now = seconds(ledger.headroom, TIMES)
        past = seconds(lambda: ledger.headroom(as_of=DAY), TIMES)
        facts = ledger.sql(
            "select seq, country::varchar as country, kind::varchar as kind, tpp, to_headroom_tpp, "
            "effective_on from entry order by seq"
        ).arrow()
        yield from _balances(facts, now, past)
        countries, change = facts["country"].to_numpy(), facts["to_headroom_tpp"].to_numpy()
        codes = np.unique(countries, return_inverse=True)[1]
        running = seconds(lambda: ledger.sql("from running()"), TIMES)
        summed = seconds(lambda: grouped_cumulative_sum(codes, change), TIMES)
        yield Line(
            f"running headroom at {facts.num_rows:,} entries", f"{running * 1000:.0f} ms",
            f"numpy's grouped cumulative sum {summed * 1000:.0f} ms", f"{running / summed:.1f}", "<= 3",
        )  # fmt: skip


def _balances(facts: Any, now: float, past: float) -> Iterator[Line]:
    """All balances: as they stand, which are kept up by every post, and as of a day, which are summed."""
    bare = duckdb.connect()
    bare.register("facts", facts)
    bare.execute("create table entry as select * from facts")
    group_by = "select country, kind, sum(tpp) from entry group by all"
    of_a_day = "select country, kind, sum(tpp) from entry where effective_on <= '2026-06-30' group by all"
    for what, ours, yardstick in (("", now, group_by), (" as of a day", past, of_a_day)):
        sums = seconds(partial(_answered, bare, yardstick), TIMES)
        yield Line(
            f"all balances{what} at {facts.num_rows:,} entries", f"{ours * 1000:.2f} ms",
            f"bare DuckDB group by {sums * 1000:.1f} ms", f"{ours / sums:.2f}", "<= 2",
        )  # fmt: skip


def _answered(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def grouped_cumulative_sum(codes: np.ndarray, change: np.ndarray) -> np.ndarray:
    """The running sum within each group, in the order of the rows."""
    order = np.argsort(codes, kind="stable")
    total = np.cumsum(change[order])
    starts = np.flatnonzero(np.r_[True, np.diff(codes[order]) != 0])
    before = np.r_[0, total[starts[1:] - 1]]
    running = np.empty_like(total)
    running[order] = total - np.repeat(before, np.diff(np.r_[starts, len(total)]))
    return running
