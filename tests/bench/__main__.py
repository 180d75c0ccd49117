"""`make bench`: what has to be fast, as a ratio to a yardstick timed in the same run.

It posts a million entries; `make bench ARGS="--rows 100000"` fewer.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests import sample
from tests.bench import asking, clients, evidence, forecast, others, posting, recon, sql, tenfold
from tests.bench.timing import Line


def lines(folder: Path, rows: int, url: str) -> Iterator[Line]:
    """Every job in turn; the later ones ask the ledger that the earlier ones filled."""
    feed = folder / "feed.csv"
    sample.write_rows(feed, rows=rows, seed=20250115)
    yield from posting.one_post(folder, 2000)
    yield from posting.import_file(folder, feed, url, rows)
    yield from asking.whole_process(url)
    yield from asking.open_process(url)
    yield from tenfold.tenfold(folder, url)
    yield from clients.many_threads(folder, 64, 150)
    yield from clients.many_processes(16, 100)
    yield from clients.over_http(folder, 16, 100)
    yield from evidence.verify(folder, url)
    yield from recon.reconciling(folder / "reconciled", rows)
    yield from forecast.back_test(folder / "grown")
    yield from sql.ad_hoc(url)
    yield from sql.nightly(folder, url)  # last: it posts some more


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the file that is posted")
    rows = parser.parse_args().rows
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    out = sys.stdout
    out.write(
        f"{os.cpu_count()} cores, {memory_gb:.0f} GB of memory, Python {platform.python_version()}, "
        f"{rows:,} rows\n\n"
    )
    out.write(f"{'job':<58}{'ours':>16}  {'yardstick':<48}{'ratio':>8}  asked\n")
    with tempfile.TemporaryDirectory(prefix="tppq-bench-") as folder:
        url = f"sqlite:///{folder}/tppq.db"
        for line in lines(Path(folder), rows, url):
            out.write(f"{line.job:<58}{line.ours:>16}  {line.yardstick:<48}{line.ratio:>8}  {line.asked}\n")
            out.flush()
        for row in others.compared(Path(folder), url):
            out.write(f"{row}\n")
            out.flush()


if __name__ == "__main__":
    main()
