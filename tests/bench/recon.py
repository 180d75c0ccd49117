"""How fast a night is compared: the matching beside a bare full join, and the whole run with all files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

import duckdb

from ledger import Ledger, recon_feeds, recon_files, reference
from ledger.engine import Core
from ledger.feed import read_feed
from ledger.recon_passes import Passes
from tests.bench.timing import Line, own_peak_mb, seconds
from tests.clock import Clock
from tests.sample_recon import AS_OF
from tests.sample_recon_large import Large, write_large

TIMES = 3
_POSTED = (
    "kind", "country", "effective_on", "license_no", "device_id", "quantity", "tpp", "expires_on",
    "consignee", "exporter", "reference",
)  # fmt: skip
_BARE = """
    select count(*), count(l.seq), count(t.row_id), sum(l.quantity - t.quantity),
        max(l.on_day - t.exported_on), count(*) filter (l.country <> t.country),
        count(*) filter (l.device_id <> t.device_id)
    from line as l
    full join declared as t on l.itn = t.itn and l.line_no = t.line_no and l.license_no = t.license_no
"""


def reconciling(folder: Path, rows: int) -> Iterator[Line]:
    """A ledger of so many exports against as many declarations, of which one in a hundred is a break."""
    large = write_large(folder / "night", rows)
    yield from _matching(large, rows)
    url = f"sqlite:///{folder / 'night.db'}"
    _post(large, folder / "posted.parquet", url)
    command = [sys.executable, "-m", "tests.bench.recon", url, str(large.folder), str(folder / "out")]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, Any] = json.loads(ran.stdout)
    parts = ", ".join(f"{name} {told['timings'][name]:.1f} s" for name in ("files", "verify", "ledger"))
    found = f"{told['breaks']:,} of {large.breaks:,} breaks, {told['cpu_seconds']:.1f} s of CPU"
    yield Line(
        f"reconcile {rows:,} exports, all files", f"{told['timings']['seconds']:.1f} s", found, "", "< 15 s"
    )
    yield Line(
        "  peak memory, the readers of verify apart", f"{told['memory_mb']:,} MB", parts, "", "< 3,000 MB"
    )


def _matching(large: Large, rows: int) -> Iterator[Line]:
    """The cascade of keys alone; one full join of the same columns on the same tables."""
    known = reference.load()
    regime = known.regime(reference.DEFAULT_REGIME)
    core = Core(regime, known.countries, known.devices, wide=True)
    core.load([large.ledger], large.last_seq)
    took, bare = [], 0.0
    for _ in range(TIMES):
        with recon_feeds.connect() as connection:
            staged = recon_feeds.stage(connection, recon_files.find([large.folder]), {}, known, regime)
            passes = Passes(connection)
            passes.take_ledger(core.ask, AS_OF.isoformat(), "2026-11-21T00:00:00.000000Z", tells_all=True)
            passes.set_terms(regime, known.devices, staged.coverage, AS_OF.isoformat(), {})
            bare = _bare(connection)
            passes.run()
            took.append((passes.seconds["declarations matched"], bare))
    core.close()
    ours, bare = min(took)
    yield Line(
        f"matching {rows:,} against as many, K1 to K6", f"{ours * 1000:.0f} ms",
        f"one bare DuckDB full join {bare * 1000:.0f} ms", f"{ours / bare:.1f}", "<= 3",
    )  # fmt: skip


def _bare(connection: duckdb.DuckDBPyConnection) -> float:
    connection.execute("create temp table declared as from declaration")
    try:
        return seconds(lambda: connection.sql(_BARE).fetchall(), TIMES)
    finally:
        connection.execute("drop table declared")


def _post(large: Large, file: Path, url: str) -> None:
    columns = [duckdb.ColumnExpression(name) for name in _POSTED]
    duckdb.read_parquet(str(large.ledger)).order("seq").select(*columns).write_parquet(str(file))
    with Ledger.init(url, clock=Clock(AS_OF.isoformat())) as ledger, read_feed(str(file)) as feed:
        posted = ledger.post_file(feed, each=True, receipts=False)
        assert posted.refused == 0, posted.declined[:1]


def main(url: str, feeds: str, out: str) -> None:
    """One run in a process of its own, whose memory is its own too."""
    with Ledger.open(url, clock=Clock(AS_OF.isoformat())) as ledger:
        began = process_time()
        answer = ledger.reconcile(feeds, out=out)
        cpu_seconds = round(process_time() - began, 3)
    manifest = json.loads((Path(answer.basis["folder"]) / "manifest.json").read_text(encoding="utf-8"))
    told = {
        "timings": manifest["timings"],
        "breaks": len(answer),
        "memory_mb": own_peak_mb(),
        "cpu_seconds": cpu_seconds,
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
