"""The core as a file: every table of it, with all entries up to one, for whoever opens a DuckDB file.

An ad-hoc query runs on such a file (`sandbox`), and `snapshot` publishes one. It is written once, whole: a
later one begins as a copy of the one before and takes in what came since. It is a copy and nothing more; a
file that does not end in the hash which the store has at that entry is left aside.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from threading import get_ident
from typing import Any, NamedTuple

import duckdb

from ledger import aside, schema, segments
from ledger.columns import WIDE, as_table, references
from ledger.core_check import Otherwise, must_agree, sorted_seq
from ledger.database import Row
from ledger.model import Regime
from ledger.reference import Reference
from ledger.store import Store
from ledger.submission import Head

LEAST_ENTRIES = 2_000
"""Below this a query reads every entry from the store: that is as quick."""

MOST_SINCE = 5_000
"""Entries after a file that are worth a new one: a query takes a tenth of a second more by then."""

_MOST_UNSORTED = 4
"""One part in this many may lie unsorted; beyond that the file is written anew."""

_NAME = re.compile(r"core-(\d{12})-([0-9a-f]{64})-([0-9a-f]{16})\.duckdb")
_HASH = WIDE.index("hash")
_UNWRITTEN = (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException)
"""Where a file cannot be written: at a write, at the commit, or after either failed."""

_FIGURES = {
    "seq": "BIGINT", "kind": "VARCHAR", "country": "VARCHAR", "programme": "VARCHAR", "effective_on": "DATE",
    "tpp": "BIGINT", "to_headroom_tpp": "BIGINT",
}  # fmt: skip
"""What headroom needs of an entry, and as what."""


class CoreFile(NamedTuple):
    """A file with all entries up to `seq`, of which `hash` is the last one's."""

    path: Path
    seq: int
    hash: str


class Ground(NamedTuple):
    """What a core is made of besides its entries."""

    regime: Regime
    reference: Reference


@cache
def fingerprint() -> str:
    """16 hex digits of what shapes a file besides its entries: the SQL, the reference data, DuckDB."""
    shape = sha256(duckdb.__version__.encode())
    for folder in (
        schema.folder("schemas") / "core",
        schema.folder("schemas") / "snapshot",
        schema.folder("fixtures") / "reference",
    ):
        for file in sorted(folder.rglob("*.*")):
            shape.update(file.read_bytes())
    return shape.hexdigest()[:16]


def standing(store: Store, ground: Ground) -> CoreFile | None:
    """The file that stands beside the store, written anew where too much came since; None where it has none.

    That is a ledger of few entries, and one whose folder cannot be written.
    """
    folder, head = segments.folder_of(store), store.head()
    if folder is None or head.seq < LEAST_ENTRIES or segments.unfit(folder) is not None:
        return None
    if folder.is_dir():
        segments.shut(folder, store)
    found = _found(folder, store)
    if found is not None and head.seq - found.seq < MOST_SINCE:
        return found
    part = folder / f"core-{os.getpid()}-{get_ident()}.part"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        aside.clear_up(folder)
        try:
            written = write(part, store, ground, head, found)
        except Otherwise:
            found = None  # it is no longer asked either
            written = write(part, store, ground, head, None)
        path = folder / _Name(written.seq, written.hash, fingerprint()).file
        segments.put(part, path, store)
        _prune(folder, store, path)
    except OSError:
        return found
    finally:
        with suppress(OSError):
            part.unlink()
    return written._replace(path=path)


def copies(store: Store) -> Iterator[tuple[str, Any]]:
    """What is kept beside the store and answered from: its name, and what it says of what headroom needs."""
    folder = segments.folder_of(store)
    if folder is None:
        return
    # what is damaged is left out: nobody answers from it
    for wide in (False, True):
        if files := segments.sealed(store, wide=wide).files:
            name = f"the {'wide' if wide else 'narrow'} segments"
            with suppress(duckdb.Error), duckdb.connect(":memory:") as connection:
                yield name, _figures(connection.read_parquet([str(file) for file in files]))
    found = _found(folder, store)
    if found is not None:
        with suppress(duckdb.Error), duckdb.connect(found.path, read_only=True) as connection:
            yield found.path.name, _figures(connection.table("entry"))


def _figures(copied: duckdb.DuckDBPyRelation) -> Any:
    typed = [duckdb.ColumnExpression(name).cast(sort).alias(name) for name, sort in _FIGURES.items()]
    return copied.select(*typed).to_arrow_table()


def _found(folder: Path, store: Store) -> CoreFile | None:
    """The last file of a folder that agrees with the store."""
    for name in reversed(_names(folder)):
        if name.shape == fingerprint() and _agrees(name, store):
            return CoreFile(folder / name.file, name.seq, name.hash)
    return None


class _Name(NamedTuple):
    """What a file says by its name: its last entry and its hash, and its shape."""

    seq: int
    hash: str
    shape: str

    @property
    def file(self) -> str:
        return f"core-{self.seq:012d}-{self.hash}-{self.shape}.duckdb"


def _names(folder: Path) -> list[_Name]:
    if not folder.is_dir():
        return []
    matches = (_NAME.fullmatch(path.name) for path in folder.iterdir())
    return sorted(_Name(int(match[1]), match[2], match[3]) for match in matches if match)


def _agrees(name: _Name, store: Store) -> bool:
    return store.read("hash_at", seq=name.seq) == [(name.hash,)]


def _prune(folder: Path, store: Store, written: Path) -> None:
    """Remove all but the file just written and the last one besides, which a query may be about to open.

    A file of another history, which the store had before it was restored, is no such one.
    """
    others = [name for name in _names(folder) if name.file != written.name]
    last = next((name for name in reversed(others) if _agrees(name, store)), None)
    for name in others:
        if name != last:
            with suppress(OSError):  # somebody else removed it, or made the folder
                (folder / name.file).unlink()


# --------------------------------------------------------------------------------------------- writing


def write(path: Path, store: Store, ground: Ground, head: Head, previous: CoreFile | None) -> CoreFile:
    """Write the file of all entries up to `head`: from the start, or `previous` with what came since.

    What came since lies at the end; where that would be more than a quarter of it, all is sorted anew.
    Raises OSError, Tampered, and Otherwise where `previous` cannot be gone on from.
    """
    if previous is not None and sorted_seq(previous.path) * _MOST_UNSORTED >= head.seq * (_MOST_UNSORTED - 1):
        try:
            shutil.copyfile(previous.path, path)
            with opened(path) as connection:
                for table in entries(store, previous.seq, head.seq):
                    connection.register("arriving", table)
                    connection.execute(schema.sql("core/take_arriving.sql"))
                    connection.unregister("arriving")
                must_agree(connection, store, head.seq, reference_rows(ground))
        except (OSError, duckdb.Error) as error:
            raise Otherwise(str(previous.path)) from error
    else:
        sealed = segments.sealed(store, wide=True)
        try:
            _write_anew(path, store, ground, head, sealed)
        except (OSError, duckdb.Error):
            if not sealed.files:
                raise
            _write_anew(path, store, ground, head, segments.NONE)  # a damaged copy: the store is read instead
    return CoreFile(path, head.seq, head.hash)


def _write_anew(path: Path, store: Store, ground: Ground, head: Head, sealed: segments.Sealed) -> None:
    path.unlink(missing_ok=True)
    since = list(entries(store, sealed.last_seq, head.seq))
    with opened(path) as connection:
        lay_out(connection, ground, scripts()[0])
        parts = [connection.from_arrow(table) for table in since]
        if sealed.files:
            parts.append(connection.read_parquet([str(file) for file in sealed.files]))
        if parts:
            names = [duckdb.ColumnExpression(name) for name in connection.table("entry").columns]
            arriving, *others = [part.select(*names) for part in parts]
            for other in others:
                arriving = arriving.union(other)
            arriving.order("country, seq").insert_into("entry")
            connection.execute(schema.sql("snapshot/sorted_now.sql"))


@contextmanager
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose own database is the file, to be written; all of it is in the file afterwards.

    Raises OSError where it cannot be written.
    """
    spill = str(path.with_suffix(".spill"))  # for what does not fit into memory
    with duckdb.connect(":memory:", config={"temp_directory": spill}) as connection:
        try:
            connection.execute(schema.sql("snapshot/attach_kept.sql"), {"file": str(path)})
            connection.execute(schema.sql("snapshot/use_kept.sql"))
            connection.begin()  # each commit waits for the disk: one is enough
            yield connection
            connection.commit()
            connection.execute(schema.sql("snapshot/settle_kept.sql"))
        except _UNWRITTEN as error:
            raise OSError(str(error).partition("\n")[0]) from error


def pages(store: Store, after: int, upto: int) -> Iterator[Sequence[Row]]:
    """The entries after a seq, up to another, a page at a time: rows of `columns.WIDE`."""
    for page in store.pages(WIDE, after=after):
        rows = [row for row in page if row[-1] <= upto]
        if rows:
            yield rows
        if len(rows) < len(page):
            return


def entries(store: Store, after: int, upto: int) -> Iterator[Any]:
    """The same as Arrow tables, as the core takes them; sealed on the way, where they are many."""
    sealer = segments.Sealer(store, wide=True) if upto - after >= segments.LEAST_ENTRIES else None
    for rows in pages(store, after, upto):
        table = as_table(WIDE, zip(*rows, strict=True))
        if sealer is not None:
            sealer.take(table, rows[-1][_HASH])
        yield table
    if sealer is not None:
        sealer.close()


def lay_out(connection: duckdb.DuckDBPyConnection, ground: Ground, scripts: Iterable[str]) -> None:
    """Run scripts of the core, and fill the tables of reference data once they are there."""
    for script in scripts:
        connection.execute(schema.sql(script))
        if script == "core/0_reference.sql":
            for name, rows in reference_rows(ground).items():
                connection.values(*rows).insert_into(name)


def scripts() -> tuple[list[str], list[str]]:
    """The core's scripts: those that make tables, and those that make macros and views alone."""
    every = schema.core_scripts()
    tables = [path for path in every if path.startswith(("core/0_", "core/1_"))]
    return tables, every[len(tables) :]


def reference_rows(ground: Ground) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the tables of reference data."""
    return references(ground.regime, ground.reference.countries, ground.reference.devices)


@contextmanager
def in_memory(ground: Ground) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the whole core in it, and no entries."""
    with duckdb.connect(":memory:") as connection:
        lay_out(connection, ground, schema.core_scripts())
        yield connection
