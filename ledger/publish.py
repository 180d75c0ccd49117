"""Copies of the ledger: sealed segments on disk, and the mirror that keeps a core in step with the store.

A segment is a part of the append-only history in a Parquet file beside the store, written once, never again.

A process that asks one question about a large ledger reads the segments and the few entries after them,
rather than every row of the store. They are a copy and nothing more: a segment that does not end in the hash
which the store has at that `seq` is left aside, and the whole folder may be removed at any time.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from ledger import evidence
from ledger.engine import NARROW, Core, as_table
from ledger.errors import Tampered
from ledger.model import Regime
from ledger.reference import Reference
from ledger.store import Store
from ledger.submission import Head

SEGMENT_ENTRIES = 250_000
LEAST_ENTRIES = 50_000
"""Below this a segment is not worth its file."""

_NAME = re.compile(r"(narrow|wide)-(\d{12})-(\d{12})-([0-9a-f]{64})\.parquet")
_SEQ, _HASH = evidence.COLUMNS.index("seq"), evidence.COLUMNS.index("hash")
_NARROW_AT = [evidence.COLUMNS.index(name) for name in NARROW]


class Sealed(NamedTuple):
    """The segments that continue each other from entry 1 on and agree with the store."""

    files: tuple[Path, ...]
    last_seq: int
    last_hash: str


NONE = Sealed((), 0, evidence.FIRST_PREV_HASH)


def folder_of(store: Store) -> Path | None:
    """Where the segments of a store lie: beside a SQLite file; nowhere for PostgreSQL."""
    file = store.database.file
    return file.with_name(f"{file.name}-segments") if file is not None else None


def sealed(store: Store, *, wide: bool) -> Sealed:
    """The segments that can be used now: with every column, or with those alone that headroom needs."""
    folder = folder_of(store)
    if folder is None or not folder.is_dir():
        return NONE
    kind = "wide" if wide else "narrow"
    found = sorted(match.groups() for path in folder.iterdir() if (match := _NAME.fullmatch(path.name)))
    chain = NONE
    for width, first, last, last_hash in found:
        if width == kind and int(first) == chain.last_seq + 1:
            path = folder / f"{width}-{first}-{last}-{last_hash}.parquet"
            chain = Sealed((*chain.files, path), int(last), last_hash)
    if chain.files and store.read("hash_at", seq=chain.last_seq) != [(chain.last_hash,)]:
        return NONE
    return chain


class Sealer:
    """Collects entries by `seq`, as they are committed or read, and seals them where that is worth it.

    Entries that do not follow the last ones are left alone: whoever reads them next may seal them.
    """

    def __init__(self, store: Store, *, wide: bool) -> None:
        self._store, self._wide = store, wide
        self._folder = folder_of(store)
        self._tables: list[pa.Table] = []
        self._count = 0
        self._first_seq = 0
        self._last_hash = ""

    def take_posted(self, rows: Sequence[Sequence[Any]]) -> None:
        """Entries just committed, as rows of `evidence.COLUMNS`: their narrow columns."""
        if self._folder is None or not rows:
            return
        if self._first_seq == 0:
            self._first_seq = sealed(self._store, wide=self._wide).last_seq + 1
            self._read_up_to(rows[0][_SEQ])
        by_column = list(zip(*rows, strict=True))
        self.take(as_table(NARROW, [by_column[at] for at in _NARROW_AT]), rows[-1][_HASH])

    def _read_up_to(self, seq: int) -> None:
        """What was committed before and is not sealed yet."""
        if seq - self._first_seq > SEGMENT_ENTRIES:
            self._folder = None  # too much to read here: the next question about all of it seals it
            return
        columns = ("hash", *NARROW)
        for page in self._store.pages(columns, after=self._first_seq - 1):
            before = [row for row in page if row[-1] < seq]
            if before:
                self.take(as_table(columns, zip(*before, strict=True)).drop_columns("hash"), before[-1][0])
            if len(before) < len(page):
                return

    def take(self, table: pa.Table, last_hash: str) -> None:
        """Entries that follow the ones taken before; `last_hash` is the last one's."""
        first = table["seq"][0].as_py()
        if self._folder is None or (self._first_seq and first != self._first_seq + self._count):
            self._folder = None
            return
        self._first_seq = self._first_seq or first
        self._tables.append(table)
        self._count += table.num_rows
        self._last_hash = last_hash
        if self._count >= SEGMENT_ENTRIES:
            self._write()

    def close(self) -> None:
        """Seal what was collected, if it is worth a file."""
        if self._folder is not None and self._count >= LEAST_ENTRIES:
            self._write()

    def _write(self) -> None:
        assert self._folder is not None
        table = pa.concat_tables(self._tables)
        width, last_seq = ("wide" if self._wide else "narrow"), self._first_seq + self._count - 1
        path = self._folder / f"{width}-{self._first_seq:012d}-{last_seq:012d}-{self._last_hash}.parquet"
        part = path.with_suffix(f".{os.getpid()}.part")
        try:
            self._folder.mkdir(exist_ok=True)
            pq.write_table(table, part, compression="zstd", row_group_size=SEGMENT_ENTRIES)
            part.replace(path)
        except OSError:
            self._folder = None  # a copy for speed: where it cannot be written, the store is read instead
        self._tables, self._count, self._first_seq = [], 0, last_seq + 1


class Mirror:
    """Keeps a core in step with the store: from segments at first, then by `seq`, entry by entry."""

    def __init__(self, store: Store, regime: Regime, reference: Reference) -> None:
        self._store, self._regime, self._reference = store, regime, reference
        self._core: Core | None = None
        self._lock = threading.RLock()

    def empty_core(self, *, wide: bool) -> Core:
        """A core without entries, for a caller who fills and closes it."""
        return Core(self._regime, self._reference.countries, self._reference.devices, wide=wide)

    def ask(self, query: str, values: Mapping[str, Any], *, wide: bool) -> tuple[pa.Table, Head]:
        """The rows of a question, and the head up to which they hold: all that was committed so far."""
        with self._lock:
            core, head = self._caught_up(wide=wide)
            return core.ask(query, values), head

    def _caught_up(self, *, wide: bool) -> tuple[Core, Head]:
        if self._core is not None and wide and not self._core.wide:
            self.close()
        if self._core is None:
            self._core = self.empty_core(wide=wide)
            found = sealed(self._store, wide=wide)
            if found.files and not self._core.load(found.files, found.last_seq):
                self._core.close()  # a damaged copy: the store is read instead
                self._core = self.empty_core(wide=wide)
        core, head = self._core, self._store.head()
        if core.seq != head.seq:
            head = self._read_on(core, head)
        core.set_today(self._store.today())
        if core.wide:
            core.sort()  # for running sums, which no narrow question asks for
        return core, head

    def _read_on(self, core: Core, head: Head) -> Head:
        """Read the entries after `core.seq` from the store, and seal them where they are many."""
        sealer = Sealer(self._store, wide=core.wide) if head.seq - core.seq >= LEAST_ENTRIES else None
        columns = core.columns if core.wide else ("hash", *core.columns)
        while core.seq != head.seq:
            before = core.seq
            for page in self._store.pages(columns, after=core.seq):
                table = as_table(columns, zip(*page, strict=True))
                arriving = table if core.wide else table.drop_columns("hash")
                core.append(arriving)
                if sealer is not None:
                    sealer.take(arriving, page[-1][columns.index("hash")])
            head = self._store.head()
            if core.seq == before or core.seq > head.seq:
                raise Tampered(
                    f"the head of the store is entry {head.seq:,}, but its entries end at {core.seq:,}: "
                    "run tppq verify",
                    seq=core.seq + 1,
                )
        if sealer is not None:
            sealer.close()
        return head

    def close(self) -> None:
        """Give the core's memory back; the next question fills one anew."""
        with self._lock:
            if self._core is not None:
                self._core.close()
            self._core = None
