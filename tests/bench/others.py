"""The same three questions to other programs, on the same journal: one table of ratios to ours.

All balances, headroom after each entry, and all balances as of each of 100 days. Each program runs in a
process of its own; its times are printed once every answer was ours. One that is not installed, or breaks, is
a line that says so. Two get 100,000 entries alone, and their times are multiplied: it would take too long.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from ledger import Ledger
from tests.bench.others_contender import Journal
from tests.bench.others_tables import ours

DAYS, SEED = 100, 20250115
FEW = 100_000
MOST_SECONDS = 1_800
FACTS = """
select seq, country::varchar as country, kind::varchar as kind, tpp, to_headroom_tpp, effective_on
from entry where programme = 'country' and seq <= $seq order by seq
"""
RUNNING = """
select r.seq, r.headroom_after_tpp, e.to_headroom_tpp <> 0 as moved
from running(known_at := $known_at) as r inner join entry as e on r.seq = e.seq order by r.seq
"""
LAST = "select seq, recorded_at from entry where seq <= $seq order by seq desc limit 1"
BOUNDS = "select min(effective_on) as first_on, max(effective_on) as last_on, max(seq) as seq from entry"


class Asked(NamedTuple):
    """Who is asked, whether about a part alone, and how to install what does not come with the tests."""

    name: str
    is_slow: bool = False
    install: str = ""
    is_package: bool = False

    @property
    def is_there(self) -> bool:
        """Whether it can be run here: a command, or a package of Python; our own is called `ledger`."""
        if self.is_package:
            return importlib.util.find_spec(self.name) is not None
        return not self.install or shutil.which(self.name) is not None


ASKED = (
    Asked("tppq"), Asked("duckdb"), Asked("sqlite"), Asked("postgresql"), Asked("pandas"), Asked("polars"),
    Asked("ledger", install="apt-get install ledger"),
    Asked("hledger", is_slow=True, install="apt-get install hledger"),
    Asked("beanquery", is_slow=True, install="pip install beanquery", is_package=True),
)  # fmt: skip


def compared(folder: Path, url: str) -> Iterator[str]:
    """The lines of the table."""
    with Ledger.open(url) as ledger:
        ((first_on, last_on, seq),) = ledger.sql(BOUNDS).held.rows
        drawn = Random(SEED).sample(range((last_on - first_on).days), DAYS)  # noqa: S311  # the same each time
        days = [first_on + timedelta(days=each) for each in drawn]
        whole = given(folder / "others", ledger, url, days, seq)
        part = given(folder / "others-part", ledger, url, days, FEW) if seq > FEW else whole
    entries = {each: pq.read_metadata(each.file).num_rows for each in (whole, part)}
    yield from _header(entries[whole])
    base: Mapping[str, Any] = {}
    for asked in ASKED:
        journal = part if asked.is_slow else whole
        found = asked_of(asked, journal)
        if "why" in found:
            yield f"{asked.name:<32}{found['why']}"
            if not base:
                break  # without our own times there is nothing to compare with
            continue
        base = base or found
        yield _line(found, base, entries[journal], entries[whole])
    shutil.rmtree(folder / "others")
    shutil.rmtree(folder / "others-part", ignore_errors=True)


def given(folder: Path, ledger: Ledger, url: str, days: list[date], seq: int) -> Journal:
    """The first entries of our ledger as a file, and what it answers about them."""
    folder.mkdir()
    journal = Journal(folder, url)
    pq.write_table(ledger.sql(FACTS, seq=seq).arrow(), journal.file)
    ((_, known_at),) = ledger.sql(LAST, seq=seq).held.rows
    pq.write_table(ledger.sql(RUNNING, known_at=known_at).arrow(), journal.our_running)
    answers = {day: ours(ledger, day, known_at=known_at) for day in chain([None], days)}
    told = {"" if day is None else day.isoformat(): answer for day, answer in answers.items()}
    journal.our_answers.write_text(json.dumps(told), encoding="utf-8")
    return journal


def asked_of(asked: Asked, journal: Journal) -> dict[str, Any]:
    """What a program's process told of it, or why there is nothing to tell."""
    if not asked.is_there:
        return {"why": f"not installed: {asked.install}"}
    module = "tests.bench.others_asked"
    command = [sys.executable, "-m", module, asked.name, str(journal.folder), journal.url]
    try:
        ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        return {"why": f"took more than {MOST_SECONDS:,} s and was ended"}
    except subprocess.CalledProcessError as broke:
        return {"why": f"broke ({broke.returncode}): {(broke.stderr.strip().splitlines() or ['?'])[-1]}"}
    found: dict[str, Any] = json.loads(ran.stdout)
    return {"why": f"not compared: {found['differs']}"} if "differs" in found else found


def _header(entries: int) -> Iterator[str]:
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    yield ""
    yield (
        f"The same journal elsewhere: {entries:,} entries, {os.cpu_count()} cores, {memory_gb:.0f} GB "
        "of memory. x: how many times as long as ours; ~: worked out from fewer. Memory: with Python's own."
    )
    yield (
        f"{'':<32}{'all balances':>20}{'headroom after each':>22}{f'as of {DAYS} days':>22}"
        f"{'ready in':>10}{'memory':>11}"
    )


def _line(found: Mapping[str, Any], base: Mapping[str, Any], entries: int, of: int) -> str:
    """One program's times and their ratios; what was worked out has a ~."""
    scale = of / entries
    cells = []
    for question in ("balances_s", "running_s", "as_of_s"):
        took_s = found[question] * scale
        rough = "~" if scale > 1 or (question == "as_of_s" and found["days"] < DAYS) else ""
        ratio = took_s / base[question]
        cells.append(f"{rough}{_time(took_s)} {_times(ratio):>9}")
    part = f"; {entries:,} entries, times {scale:.1f}" if scale > 1 else ""
    part += f"; {found['days']} of {DAYS} days" if found["days"] < DAYS else ""
    return (
        f"{found['title']:<32}{cells[0]:>20}{cells[1]:>22}{cells[2]:>22}{_time(found['ready_s']):>10}"
        f"{found['memory_mb']:>8,} MB  {found['how']}{part}"
    )


def _time(took_s: float) -> str:
    if took_s < 1:
        return f"{took_s * 1000:.{0 if took_s > 0.01 else 2}f} ms"
    return f"{took_s:,.{1 if took_s < 100 else 0}f} s"


def _times(ratio: float) -> str:
    return f"{ratio:,.{0 if ratio >= 10 else 1 if ratio >= 1 else 2}f}x"
