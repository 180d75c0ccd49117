"""The posting feed: CSV, JSON Lines or Parquet, read and checked by column in DuckDB, handed on in batches.

A file is staged as text, one row a record, and checked by the queries in `schemas/feed/`; Python sees rows
only where something is wrong, and the good ones as lists, a batch at a time. Nothing is guessed and nothing
skipped: each record is either in a batch or in `faults`, and all faults of a file are listed at once.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Self

import duckdb
import pyarrow as pa

from ledger import feed_source as source
from ledger.errors import BadFeed
from ledger.feed_faults import (
    COLUMNS,
    KINDS,
    NAME_LENGTH,
    NOT_AN_OBJECT,
    RANK,
    REMARK_LENGTH,
    REQUIRED,
    TEXTS,
    Fault,
    Found,
    column_faults,
    header_faults,
    json_reason,
    misfits,
    reason,
    shown,
    summary,
    table_schema,
    takes,
    type_reason,
)
from ledger.model import MOST_TPP
from ledger.schema import sql

__all__ = ["COLUMNS", "Batch", "Fault", "Feed", "read_feed", "table_schema"]

_FETCHED_ROWS = 60_000  # a query at a time: enough for its cost to be shared, little enough to hold a few
_AHEAD = 2
_NOTHING_LOADED = ("autoinstall_known_extensions", "autoload_known_extensions", "python_enable_replacements")
_PRIVATE: dict[str, Any] = {"threads": 2, **dict.fromkeys(_NOTHING_LOADED, False)}


class Batch(NamedTuple):
    """Rows without fault, in the file's order: one list a column of `COLUMNS`, all of the same length.

    `kind` is a str, days are ISO text, `quantity` and `tpp` int, texts NFC and stripped; what is empty is
    None, but `programme` is then "country". The extra column `body_hash` is the SHA-256, in hex, of the
    canonical JSON (RFC 8785) of all columns but `request_id`; None in a row without `request_id`.
    `lines` are lines of the file on which records start, the header being line 1 (in Parquet: rows);
    `rows` count the records from 1.
    """

    lines: Sequence[int]
    rows: Sequence[int]
    columns: dict[str, list[Any]]


class Feed:
    """One file, read whole: what it holds and what is wrong with it. Close it, or use it in a `with`.

    `row_count` counts its records, good and bad; `content_sha256` is of its bytes, in hex; `faults` are in
    the order of lines, then of columns.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.content_sha256 = ""
        self.row_count = 0
        self.faults: list[Fault] = []
        self._connection = duckdb.connect(config=_PRIVATE)
        self._connection.execute(sql("feed/cell.sql"))
        self._first_line = 1
        self._plain = False  # no cell has control characters, or blanks but spaces at its ends
        self._blind = False  # no column is known
        self._closed = False  # the file as a whole is at fault
        self._missing: set[str] = set()  # columns whose fault is the file's, not each row's

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def check(self) -> None:
        """Raises `BadFeed` with every fault, if there is one."""
        if self.faults:
            raise BadFeed(summary(self.path, self.faults), faults=[fault._asdict() for fault in self.faults])

    def batches(self, size: int = 20_000) -> Iterator[Batch]:
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
        with self._connection.cursor() as cursor:  # one a thread: a result owns its connection
            values = {"first": first, "after": after, "first_line": self._first_line}
            return cursor.sql(sql("feed/batch.sql"), params=values).to_arrow_table()

    def _cut(self, table: pa.Table, size: int) -> Iterator[Batch]:
        for offset in range(0, table.num_rows, size):
            part = table.slice(offset, size)
            columns = {name: part.column(name).to_pylist() for name in part.column_names}
            yield Batch(columns.pop("line"), columns.pop("row_number"), columns)

    # ------------------------------------------------------------------------------------------ staging

    def read(self, folder: Path) -> None:
        """Stages the file and finds its faults; `folder` takes what has to be written meanwhile."""
        file = source.locate(self.path, folder)
        form = source.form_of(self.path, file)
        surveyed = source.survey(file, form)
        self.content_sha256 = surveyed.content_sha256
        if (why := source.unreadable(file, form)) is not None:
            self._close_to_rows([(None, why)], None)
        elif form == "parquet":
            self._stage_parquet(file)
        elif form == "jsonl":
            self._stage_lines(file, surveyed, folder / "careful")
        else:
            self._stage_csv(file, form, surveyed, folder / "careful")
        if source.stamp(file) != surveyed.stamp:
            self._close_to_rows([(None, "was changed while it was read: try again")], None)
        ((self.row_count,),) = self._rows("count")
        self._find_faults()

    def _stage_csv(self, file: Path, form: source.Form, surveyed: source.Survey, careful: Path) -> None:
        mark = source.delimiter(form)
        records = source.csv_records(file, mark)
        line, header = next(records, (1, "is empty: a header line is needed"))
        if isinstance(header, str):
            self._close_to_rows([(None, header)], line)
            return
        names = [name.strip() for name in header]
        self._take_header(names, line)
        kept = [name if name in RANK and names.index(name) == at else None for at, name in enumerate(names)]
        self._first_line = 2
        known = line == 1 and None not in kept
        if known and surveyed.regular and self._counts_add_up(file, header, surveyed, mark):
            self._plain = surveyed.plain
        else:
            self._connection.execute(sql("feed/cell.sql"))
            source.write_careful(records, kept, careful)
            self._rows("read_exact", path=str(careful))

    def _counts_add_up(self, file: Path, header: list[str], surveyed: source.Survey, mark: str) -> bool:
        """Lets DuckDB read a CSV file; whether each line was one record, with as many fields as the header.

        DuckDB takes a record with one empty field too many as well: the delimiters are counted too.
        """
        columns = {name.strip(): "VARCHAR" for name in header}
        try:
            ((read,),) = self._rows("read_csv", path=str(file), columns=columns, delimiter=mark)
        except duckdb.Error:
            return False
        ((inside,),) = self._rows("delimiters", delimiter=mark) if surveyed.quoted else ((0,),)
        parting = surveyed.delimiters - inside
        return bool(read == surveyed.lines - 1 and parting == surveyed.lines * (len(header) - 1))

    def _stage_lines(self, file: Path, surveyed: source.Survey, careful: Path) -> None:
        if not surveyed.regular or not self._lines_add_up(file, surveyed):
            self._connection.execute(sql("feed/cell.sql"))
            source.write_careful(source.json_lines(file), ["text"], careful)
            self._rows("read_exact_lines", path=str(careful))
        types = json.dumps(dict.fromkeys(COLUMNS, "VARCHAR"))
        self._rows("document_cells", columns=types, not_an_object=NOT_AN_OBJECT)

    def _lines_add_up(self, file: Path, surveyed: source.Survey) -> bool:
        """Lets DuckDB read a JSON Lines file; whether each line was one record."""
        try:
            ((read,),) = self._rows("read_lines", path=str(file))
        except duckdb.Error:
            return False
        ((empty,),) = self._rows("document_lines")
        return bool(read == surveyed.lines and empty == 0)

    def _stage_parquet(self, file: Path) -> None:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql("feed/parquet_columns.sql"), {"path": str(file)})
                types = {name: str(kind) for name, kind, *_ in cursor.description}
            (filled,) = self._rows("parquet_filled", path=str(file))
            self._take_header(list(types), None)
            wrong = [
                (name, type_reason(name, kind))
                for (name, kind), count in zip(types.items(), filled, strict=True)
                if count and name in RANK and not takes(name, kind)
            ]
            self._close_to_rows(wrong, None)
            self._missing.update(name for name, _ in wrong)
            if not self._blind:
                self._rows("read_parquet", path=str(file))
        except duckdb.Error as error:
            said = str(error).splitlines()[0].replace(str(file), self.path)
            self._close_to_rows([(None, f"cannot be read as Parquet: {said}")], None)

    def _take_header(self, names: list[str], line: int | None) -> None:
        self._close_to_rows(header_faults(names), line)
        self._missing = set(REQUIRED).difference(names)
        self._blind = RANK.keys().isdisjoint(names)

    def _close_to_rows(self, reasons: Sequence[tuple[str | None, str]], line: int | None) -> None:
        """Faults of the file as a whole, after which none of its rows can be relied on."""
        self.faults.extend(Fault(self.path, line, column, None, why) for column, why in reasons)
        self._closed = self._closed or bool(reasons)

    # ------------------------------------------------------------------------------------------- faults

    def _find_faults(self) -> None:
        """Adds the faults of all rows to those of the file, and marks the rows that have one."""
        if not self._blind:
            self._rows("tidy", plain=self._plain)
            found = [*self._faulty_rows(), *self._faulty_json(), *self._misfits()]
            if found:
                self._rows("mark_bad", cell_ids=list({cell_id for cell_id, _ in found}))
                self.faults.extend(Fault(self.path, *at_fault) for _, at_fault in found)
            self._rows("document_done")
        self.faults.sort(key=lambda fault: (fault.line or 0, RANK.get(fault.column or "", len(RANK))))

    def _faulty_rows(self) -> Iterator[Found]:
        for cell_id, line, why in self._rows("broken", first_line=self._first_line):
            yield cell_id, (line, None, None, why)
        limits = {"name_length": NAME_LENGTH, "remark_length": REMARK_LENGTH, "most_tpp": MOST_TPP}
        values = {"first_line": self._first_line, "kinds": KINDS, "plain": self._plain, **limits}
        said = cache(reason)  # a whole column is often wrong in the same way
        for cell_id, line, column, value in self._rows("faults", **values):
            if column not in self._missing:
                yield cell_id, (line, column, value and shown(value), said(column, value))

    def _faulty_json(self) -> Iterator[Found]:
        """In JSON Lines: keys that are no columns or come twice, and texts that are no JSON strings."""
        values = {"first_line": self._first_line, "paths": [f"$.{name}" for name in COLUMNS]}
        for cell_id, line, keys in self._rows("document_keys", **values):
            for column, why in column_faults(keys):
                yield cell_id, (line, column, None, why)
        values["paths"] = [f"$.{name}" for name in TEXTS]
        for cell_id, line, types, given in self._rows("document_types", **values):
            for column, kind, value in zip(TEXTS, types, given, strict=True):
                if kind not in (None, "NULL", "VARCHAR"):
                    yield cell_id, (line, column, shown(value), json_reason(kind))

    def _misfits(self) -> Iterator[Found]:
        """Rows whose cells may each be read, but make no entry: asked of the model once a shape."""
        shapes = {shape: misfits(shape) for (shape,) in self._rows("shapes", kinds=KINDS)}
        if amiss := [shape for shape, faults in shapes.items() if faults]:
            values = {"kinds": KINDS, "shapes": amiss, "first_line": self._first_line}
            for cell_id, line, shape in self._rows("misfits", **values):
                for column, why in shapes[shape]:
                    yield cell_id, (line, column, None, why)

    def _rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql("feed/" + query + ".sql"), values).fetchall()


def read_feed(path: str) -> Feed:
    """The feed in this file ('-' is stdin), by its suffix CSV, TSV, JSON Lines or Parquet, else by its look.

    What is wrong in it is in `Feed.faults`. Raises `BadFeed` only for a file that cannot be opened.
    """
    with ExitStack() as undo:
        feed = Feed(path)
        undo.callback(feed.close)
        try:
            with TemporaryDirectory(prefix="tppq-") as folder:
                feed.read(Path(folder))
        except OSError as error:
            why = f"cannot be read: {error.strerror or error}"
            fault = Fault(path, None, None, None, why)
            raise BadFeed(f"{path} {why}", faults=[fault._asdict()]) from error
        undo.pop_all()
    return feed
