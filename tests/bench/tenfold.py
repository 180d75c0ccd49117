"""The same questions of ten times as much: a history repeated, in segments, whatever its size.

Posting ten million entries would take minutes. So the store beside the segments holds the last entry of each
alone: a process that asks reads no more of such a store than its head, its guards, and the hashes of those.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from ledger import Ledger, reference, segments
from ledger.database import Database
from ledger.engine import Core
from ledger.store import Store
from tests.bench.asking import DAY, asks, best, grouped_cumulative_sum
from tests.bench.timing import Line, seconds

TIMES = 3
TENFOLD = 10
GROUP_BY = "select country, kind, sum(tpp), max(seq) from read_parquet($files) group by all"
BARE = f"import sys, duckdb; duckdb.execute({GROUP_BY!r}, {{'files': sys.argv[1:]}}).fetchall()"
BY_PARTITION = """
select seq, country, sum(to_headroom_tpp) over (partition by country order by seq) as headroom_after_tpp
from entry where programme = 'country'
"""


class Large(NamedTuple):
    """The large ledger: its URL, its segments, and how many entries there are."""

    url: str
    files: Sequence[Path]
    entries: int


def tenfold(folder: Path, url: str) -> Iterator[Line]:
    """`tppq headroom` as a whole process, and running headroom; nothing where the ledger has no segments."""
    large = _made(folder, url)
    if large is None:
        return
    once, ours = best(*asks(url)), best(*asks(large.url))
    assert _allocated_tpp(ours.said) == TENFOLD * _allocated_tpp(once.said)
    past = best(*asks(large.url, "--as-of", DAY))
    bare = best(sys.executable, "-c", BARE, *map(str, large.files))
    yield Line(
        f"tppq headroom, whole process, {large.entries:,} entries", f"{ours.took_s:.2f} s",
        f"bare DuckDB on the same Parquet, process {bare.took_s:.2f} s", f"{ours.took_s / bare.took_s:.1f}",
        "1 s at 10,000,000",
    )  # fmt: skip
    yield Line(
        "  its memory; growth from a tenth of the entries", f"{ours.memory_mb:.0f} MB",
        f"{once.took_s:.2f} s, {once.memory_mb:.0f} MB", f"{ours.took_s / once.took_s:.1f}", "600 MB",
    )  # fmt: skip
    again = f"{past.took_s:.2f} s"
    yield Line(
        "  as of a day", again, f"its memory {past.memory_mb:.0f} MB", f"{past.took_s / bare.took_s:.1f}", ""
    )
    yield from _running(large)


def _made(folder: Path, url: str) -> Large | None:
    """The large ledger, beside the one at `url` whose sealed entries it repeats."""
    store = Store(Database(url, 10))
    sealed = segments.sealed(store, wide=False)
    store.close()
    if not sealed.files:
        return None
    large, entries = folder / "large.db", TENFOLD * sealed.last_seq
    beside = large.with_name(f"{large.name}-segments")
    beside.mkdir()
    with duckdb.connect() as connection:
        for shift in range(0, entries, sealed.last_seq):
            for file in sealed.files:
                width, first, last, rest = file.name.split("-")
                name = f"{width}-{int(first) + shift:012d}-{int(last) + shift:012d}-{rest}"
                rows = connection.sql(
                    "select * replace (seq + $shift as seq) from read_parquet($file)",
                    params={"shift": shift, "file": str(file)},
                )
                rows.write_parquet(str(beside / name), compression="zstd", row_group_size=250_000)
    Ledger.init(f"sqlite:///{large}", opening=False).close()
    _put_ends(large, Path(url.removeprefix("sqlite:///")), sealed.files, range(0, entries, sealed.last_seq))
    return Large(f"sqlite:///{large}", sorted(beside.iterdir()), entries)


def _put_ends(large: Path, small: Path, sealed: Sequence[Path], shifts: Sequence[int]) -> None:
    """Give a store the last entry of each segment of the other one, as often as those are repeated."""
    ends = [int(file.name.split("-")[2]) for file in sealed]
    connection = sqlite3.connect(large, isolation_level=None)
    guards = connection.execute("select name, sql from sqlite_schema where type = 'trigger'").fetchall()
    for name, _ in guards:
        connection.execute(f"drop trigger {name}")
    connection.execute("attach ? as small", (str(small),))
    connection.execute("create temp table ending as select * from small.entry limit 0")
    for shift in shifts:
        for end in ends:
            connection.execute("insert into ending select * from small.entry where seq = ?", (end,))
        connection.execute("update ending set seq = seq + ?", (shift,))
        connection.execute("update ending set prev_hash = printf('%064x', seq), request_id = seq")
        connection.execute("insert into main.entry select * from ending")
        connection.execute("delete from ending")
    connection.execute(
        "update head set (seq, hash, recorded_at) = (select max(seq), hash, recorded_at from main.entry)"
    )
    for _, guard in guards:
        connection.execute(guard)
    connection.close()


def _allocated_tpp(said: bytes) -> int:
    return sum(row["allocated_tpp"] for row in json.loads(said)["rows"])


def _running(large: Large) -> Iterator[Line]:
    """Headroom after each entry, in a process that holds them; DuckDB's own window, numpy."""
    data = reference.load()
    core = Core(data.regime(reference.DEFAULT_REGIME), data.countries, data.devices, wide=False)
    assert core.load(large.files, large.entries)
    core.ask("select max(seq) from entry")  # a first question reads them where they lie
    core.sort()
    ours = seconds(lambda: core.ask("from running()"), TIMES)
    window = seconds(lambda: core.ask(BY_PARTITION), 1)
    facts = core.ask(
        "select enum_code(country)::bigint as code, to_headroom_tpp as tpp from entry order by seq"
    )
    codes, change = facts["code"].to_numpy(), facts["tpp"].to_numpy()
    summed = seconds(lambda: grouped_cumulative_sum(codes, change), 1)
    core.close()
    yield Line(
        f"running headroom at {large.entries:,} entries", f"{ours:.2f} s",
        f"DuckDB's partition window {window:.2f} s", f"{ours / window:.2f}", "1 s at 10,000,000",
    )  # fmt: skip
    yield Line("", "", f"numpy's grouped cumulative sum {summed:.2f} s", f"{ours / summed:.1f}", "")
