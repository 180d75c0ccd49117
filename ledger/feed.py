"""The posting feed: CSV, TSV, JSON Lines or Parquet, read and checked by column in DuckDB, told in batches.

The queries that check it are in `schemas/feed/`. Rows without fault come as lists, a batch at a time.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from ledger import spill
from ledger.feed_faults import Fault, Found, misfits
from ledger.feed_layout import POSTING
from ledger.feed_staging import Staging
from ledger.model import Kind
from ledger.schema import sql

__all__ = ["COLUMNS", "Batch", "Fault", "Feed", "read_feed"]

COLUMNS = POSTING.names
_KINDS = [str(kind) for kind in Kind]
_FETCHED_ROWS = 60_000  # a query at a time: enough for its cost to be shared, little enough to hold a few
_AHEAD = 2
_NOTHING_LOADED = ("autoinstall_known_extensions", "autoload_known_extensions", "python_enable_replacements")
_PRIVATE: dict[str, Any] = {"threads": 2, **dict.fromkeys(_NOTHING_LOADED, False)}


class Batch(NamedTuple):
    """Rows without fault, in the file's order: one list per column of `COLUMNS`, all of the same length.

    `kind` is a str, days are ISO text, `quantity` and `tpp` int, texts NFC and stripped; what is empty is
    None, but `programme` is then "country". The extra column `body_hash` is the SHA-256, in hex, of the
    canonical JSON (RFC 8785) of all columns but `request_id`; None in a row without `request_id`.
    `lines` are lines of the file on which records start, the header being line 1 (in Parquet: rows);
    `rows` count the records from 1.
    """

    lines: Sequence[int]
    rows: Sequence[int]
    columns: dict[str, list[Any]]


GROUP = 20_000
"""Rows of a file that are read, judged, written and committed together."""


class Feed(Staging):
    """One posting file, read whole: what it holds and what is wrong. Close it, or use it in a `with`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(os.fspath(path), POSTING, duckdb.connect(config=_PRIVATE | spill.settings()))

    def batches(self, size: int = GROUP) -> Iterator[Batch]:
        """The rows without fault, at most `size` at a time; none of a file whose columns are at fault.

        While one batch is worked on, the next ones are fetched by threads of DuckDB.
        """
        if self._closed:
            return
        step = size * max(1, _FETCHED_ROWS // size)
        with ThreadPoolExecutor(_AHEAD) as threads:
            coming: deque[Future[pa.Table]] = deque()
            for start in range(0, self.row_count, step):
                coming.append(threads.submit(self._fetch, start, start + step))
                if len(coming) > _AHEAD:
                    yield from self._cut(coming.popleft().result(), size)
            while coming:
                yield from self._cut(coming.popleft().result(), size)

    def _fetch(self, first: int, after: int) -> pa.Table:
        with self._connection.cursor() as cursor:  # one per thread: a result owns its connection
            values = {"first": first, "after": after, "first_line": self.first_line}
            return cursor.sql(sql("feed/batch.sql"), params=values).to_arrow_table()

    def _cut(self, table: pa.Table, size: int) -> Iterator[Batch]:
        for offset in range(0, table.num_rows, size):
            part = table.slice(offset, size)
            columns = {name: part.column(name).to_pylist() for name in part.column_names}
            yield Batch(columns.pop("line"), columns.pop("row_number"), columns)

    # ------------------------------------------------------------------------------------------- faults

    def _misfits(self) -> Iterator[Found]:
        """Rows that make no entry: asked of the model once a shape."""
        shapes = {shape: misfits(shape) for (shape,) in self.rows("feed/shapes.sql", kinds=_KINDS)}
        if amiss := [shape for shape, faults in shapes.items() if faults]:
            values = {"kinds": _KINDS, "shapes": amiss, "first_line": self.first_line}
            for cell_id, line, shape in self.rows("feed/misfits.sql", **values):
                for column, why in shapes[shape]:
                    yield cell_id, (line, column, None, why)


def read_feed(path: str | os.PathLike[str]) -> Feed:
    """The feed in this file ('-' is stdin), by its suffix CSV, TSV, JSON Lines or Parquet, else by its look.

    What is wrong in it is in `Feed.faults`. Raises `BadFeed` only for a file that cannot be opened.
    """
    feed = Feed(path)
    feed.read()
    return feed
