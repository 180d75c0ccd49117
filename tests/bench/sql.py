"""How fast a query that somebody typed is answered, and how much a night's publication costs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from ledger import Entry, Ledger
from tests.bench.timing import Line, each, seconds

TIMES = 5
NIGHT = 10_000
"""Entries of a day."""

QUERY = "select country, headroom_tpp from headroom() where balance_state <> 'open' order by headroom_tpp"

REFUSED = "select type, count(*) as refusals from refusal group by type"


def ad_hoc(url: str) -> Iterator[Line]:
    """`tppq sql` from start to end, in its sandbox; Python and DuckDB doing nothing."""

    def ask(query: str = QUERY) -> None:
        command = [sys.executable, "-m", "ledger", "--ledger", url, "sql", query, "--json"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    idle_command = [sys.executable, "-c", "import duckdb; duckdb.connect().execute('select 1')"]
    first = seconds(ask)
    ours = seconds(ask, TIMES)
    idle = seconds(lambda: subprocess.run(idle_command, check=True), TIMES)
    yield Line(
        "one sandboxed query, whole process", f"{ours:.2f} s", f"python + duckdb start-up {idle:.2f} s",
        f"{ours / idle:.1f}", "< 0.7 s",
    )  # fmt: skip
    yield Line("  the first, which makes the file it runs on", f"{first:.2f} s", "", "", "")
    with Ledger.open(url) as ledger:
        refusals = ledger.sql("select count(*) as refusals from refusal").rows()[0]["refusals"]
        of_refusals = seconds(lambda: ask(REFUSED), TIMES)
        yield Line(
            f"  of {refusals:,} refusals, which are read for it", f"{of_refusals:.2f} s", "",
            f"{of_refusals / idle:.1f}", "",
        )  # fmt: skip
        inside = seconds(lambda: ledger.sandboxed_sql(QUERY), TIMES)
        trusted = seconds(lambda: ledger.sql(QUERY), TIMES)
    yield Line(
        "  in a process that stays open", f"{inside * 1000:.0f} ms",
        f"the same, trusted and in the process {trusted * 1000:.0f} ms", f"{inside / trusted:.0f}", "",
    )  # fmt: skip


def nightly(folder: Path, url: str) -> Iterator[Line]:
    """`publish` after a day's entries, in a process that is open; the same written from the start."""
    out, anew = folder / "published", folder / "anew"
    with Ledger.open(url) as ledger:
        ledger.publish(out)
        fullest = max(ledger.headroom(), key=lambda row: int(row["headroom_tpp"]))["country"]
        blocked = Entry.model_validate(
            {"kind": "block", "country": fullest, "effective_on": "2026-03-01", "tpp": 1, "reason": "night"}
        )
        ledger.post(*[blocked] * NIGHT)
        night = each(lambda: ledger.publish(out, keep=1))
        whole = each(lambda: ledger.publish(anew))
        seq = ledger.headroom().basis["seq"]
    shutil.rmtree(out)
    shutil.rmtree(anew)
    yield Line(
        f"publish after {NIGHT:,} entries on {seq - NIGHT:,}", f"{night:.2f} s",
        f"the same from the start {whole:.2f} s", f"{night / whole:.2f}", "<= 0.2",
    )  # fmt: skip
