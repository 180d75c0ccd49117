"""How fast questions are answered: as a whole process, and in one that stays open."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date

import duckdb
import numpy as np

from ledger import Entry, Kind, Ledger
from tests.bench.timing import Line, median_seconds, seconds

TIMES = 7
ON = date(2026, 2, 1)


def whole_process(url: str) -> Iterator[Line]:
    """`tppq headroom` from start to end; Python and DuckDB doing nothing."""
    command = [sys.executable, "-m", "ledger", "--ledger", url, "headroom", "--json"]

    def ask() -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    idle_command = [sys.executable, "-c", "import duckdb; duckdb.connect().execute('select 1')"]

    def start_up() -> None:
        subprocess.run(idle_command, check=True)

    first = seconds(ask)
    ours, idle = seconds(ask, TIMES), seconds(start_up, TIMES)
    yield Line(
        "tppq headroom, whole process", f"{ours:.2f} s", f"python + duckdb start-up {idle:.2f} s",
        f"{ours / idle:.1f}", "< 0.7 s",
    )  # fmt: skip
    yield Line("  the first after the import", f"{first:.2f} s", "", "", "")


def open_process(url: str) -> Iterator[Line]:
    """Balances, running headroom and one more post, in a process that stays open."""
    with Ledger.open(url) as ledger:
        ours = seconds(ledger.headroom, TIMES)
        facts = ledger.sql(
            "select seq, country::varchar as country, kind::varchar as kind, tpp, to_headroom_tpp "
            "from entry order by seq"
        ).arrow()
        bare = duckdb.connect()
        bare.execute("create table entry as select * from facts")
        group_by = "select country, kind, sum(tpp) from entry group by all"
        sums = seconds(lambda: bare.sql(group_by).fetchall(), TIMES)
        size = f"at {facts.num_rows:,} entries"
        yield Line(
            f"all balances {size}", f"{ours * 1000:.1f} ms", f"bare DuckDB group by {sums * 1000:.1f} ms",
            f"{ours / sums:.1f}", "<= 2",
        )  # fmt: skip

        countries, change = facts["country"].to_numpy(), facts["to_headroom_tpp"].to_numpy()
        codes = np.unique(countries, return_inverse=True)[1]
        running = seconds(lambda: ledger.sql("from running()"), TIMES)
        summed = seconds(lambda: _grouped_cumulative_sum(codes, change), TIMES)
        yield Line(
            f"running headroom {size}", f"{running * 1000:.0f} ms",
            f"numpy's grouped cumulative sum {summed * 1000:.0f} ms", f"{running / summed:.1f}", "<= 3",
        )  # fmt: skip

        numbers = iter(range(1000))

        def post_and_ask() -> None:
            reason = f"{next(numbers)}"
            ledger.post(Entry(kind=Kind.block, country="KI", effective_on=ON, tpp=1, reason=reason))
            ledger.headroom()

        took = median_seconds(post_and_ask, 100)
        posted = median_seconds(
            lambda: ledger.post(Entry(kind=Kind.unblock, country="KI", effective_on=ON, tpp=1)), 50
        )
        asked = "p50 < 5 ms until right"
        yield Line(
            "one post and all headroom right", f"{took * 1000:.1f} ms",
            f"the post alone {posted * 1000:.1f} ms", "", asked,
        )  # fmt: skip


def _grouped_cumulative_sum(codes: np.ndarray, change: np.ndarray) -> np.ndarray:
    """The running sum within each group, in the order of the rows."""
    order = np.argsort(codes, kind="stable")
    total = np.cumsum(change[order])
    starts = np.flatnonzero(np.r_[True, np.diff(codes[order]) != 0])
    before = np.r_[0, total[starts[1:] - 1]]
    running = np.empty_like(total)
    running[order] = total - np.repeat(before, np.diff(np.r_[starts, len(total)]))
    return running
