"""Segments: parts of the append-only history in Parquet files beside the store, written once, never again.

A process that asks one question about a large ledger reads the segments and the few entries after them,
rather than every row of the store. They are a copy and nothing more: a segment that does not end in the hash
which the store has at that `seq` is left aside, and the whole folder may be removed at any time.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from ledger import aside, evidence
from ledger.columns import NARROW, as_table
from ledger.reading import Reading

SEGMENT_ENTRIES = 250_000
LEAST_ENTRIES = 50_000
"""Below this a segment is not worth its file."""

_READERS = 0o444

_NAME = re.compile(r"(narrow|wide)-(\d{12})-(\d{12})-([0-9a-f]{64})\.parquet")
_SEQ, _HASH = evidence.COLUMNS.index("seq"), evidence.COLUMNS.index("hash")
_NARROW_OF = itemgetter(*(evidence.COLUMNS.index(name) for name in NARROW))


class Sealed(NamedTuple):
    """The segments that continue each other from entry 1 on and agree with the store."""

    files: tuple[Path, ...]
    last_seq: int
    last_hash: str


NONE = Sealed((), 0, evidence.FIRST_PREV_HASH)


def unfit(folder: Path) -> str | None:
    """The sign in a folder's name that DuckDB reads as its own, so that it cannot write there; or None."""
    return next((sign for sign in "?\\" if sign in str(folder.absolute())), None)


def folder_of(store: Reading) -> Path | None:
    """Where the segments of a store lie: beside a SQLite file; nowhere for PostgreSQL."""
    file = store.database.file
    return file.with_name(f"{file.name}-segments") if file is not None else None


def put(part: Path, path: Path, store: Reading) -> None:
    """Let a finished file take its place, for those alone who may read the store's own. Raises OSError."""
    assert store.database.file is not None
    readers = store.database.file.stat().st_mode & _READERS
    part.chmod(0o200 | readers)
    with suppress(PermissionError):  # somebody else made the folder
        part.parent.chmod(0o300 | readers | readers >> 2)
    part.replace(path)


def shut(folder: Path, store: Reading) -> None:
    """Take a folder of copies, and what is in it, from those who may no longer read the store's own file."""
    assert store.database.file is not None
    readers = store.database.file.stat().st_mode & _READERS
    if not folder.stat().st_mode & _READERS & ~readers:
        return
    with suppress(OSError):  # somebody else made the folder, or removes from it now
        folder.chmod(0o300 | readers | readers >> 2)  # whoever may not go in reaches nothing within
        for path in folder.iterdir():
            path.chmod(path.stat().st_mode & ~_READERS & 0o777 | readers)


def sealed(store: Reading, *, wide: bool) -> Sealed:
    """The segments that can be used now: with every column, or with those alone that headroom needs."""
    folder = folder_of(store)
    if folder is None or not folder.is_dir():
        return NONE
    shut(folder, store)
    kind = "wide" if wide else "narrow"
    matches = (_NAME.fullmatch(path.name) for path in folder.iterdir())
    found = [(int(match[2]), int(match[3]), match) for match in matches if match and match[1] == kind]
    chain = NONE
    # Each is held to the store, the longest first: beside those of this history may lie those of another,
    # from before an older backup was restored.
    for first, last, match in sorted(found, key=lambda each: (each[0], -each[1])):
        if first == chain.last_seq + 1 and store.read("hash_at", seq=last) == [(match[4],)]:
            chain = Sealed((*chain.files, folder / match[0]), last, match[4])
    return chain


class Sealer:
    """Collects entries by `seq`, as they are committed or read, and seals them where that is worth it.

    Entries that do not follow the last ones are left alone: whoever reads them next may seal them.
    """

    def __init__(self, store: Reading, *, wide: bool) -> None:
        self._store, self._wide = store, wide
        self._folder = folder_of(store)
        self._tables: list[Any] = []
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
        self.take(as_table(NARROW, zip(*map(_NARROW_OF, rows), strict=True)), rows[-1][_HASH])

    def _read_up_to(self, seq: int) -> None:
        """What was committed before and is not sealed yet."""
        if seq - self._first_seq > SEGMENT_ENTRIES:
            self._folder = None  # too much to read here: the next question about all of it seals it
            return
        for page in self._store.pages(NARROW, after=self._first_seq - 1):
            before = [row for row in page if row[-1] < seq]
            if before:
                ((last_hash,),) = self._store.read("hash_at", seq=before[-1][-1])
                self.take(as_table(NARROW, zip(*before, strict=True)), last_hash)
            if len(before) < len(page):
                return

    def take(self, table: Any, last_hash: str) -> None:
        """Entries that follow the ones taken before, as an Arrow table; `last_hash` is the last one's."""
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
        import pyarrow as pa  # a tenth of a second, for those who read segments and write none  # noqa: PLC0415
        import pyarrow.parquet as pq  # likewise  # noqa: PLC0415

        assert self._folder is not None
        table = pa.concat_tables(self._tables)
        width, last_seq = ("wide" if self._wide else "narrow"), self._first_seq + self._count - 1
        path = self._folder / f"{width}-{self._first_seq:012d}-{last_seq:012d}-{self._last_hash}.parquet"
        part = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            aside.clear_up(self._folder)
            pq.write_table(table, part, compression="zstd", row_group_size=SEGMENT_ENTRIES)
            put(part, path, self._store)
        except OSError:
            self._folder = None  # a copy for speed: where it cannot be written, the store is read instead
        finally:
            with suppress(OSError):  # it has its name, or its writing was interrupted
                part.unlink()
        self._tables, self._count, self._first_seq = [], 0, last_seq + 1
