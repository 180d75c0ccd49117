"""A feed of any layout, staged as text in DuckDB, one row per record, and checked there by column.

Python sees rows only where something is wrong. Nothing is guessed and nothing skipped: each record is either
without fault or in `faults`, and all faults of a file are listed at once. Lines of nothing at the end of a
CSV file are no records.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa

from ledger import feed_source as source
from ledger import feed_survey as surveys
from ledger import spill
from ledger.errors import BadFeed, BadQuery
from ledger.feed_faults import (
    NOT_AN_OBJECT,
    NOTHING,
    Fault,
    Found,
    column_faults,
    header_faults,
    json_reason,
    reason,
    shown,
    summary,
    takes,
    type_reason,
)
from ledger.feed_layout import LONGEST, NO_COLUMN, Layout
from ledger.schema import sql

_APART: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}


class Staging:
    """One file, read whole: what it holds and what is wrong with it. Close it, or use it in a `with`.

    `row_count` counts its records, good and bad, `bad_rows` those that have a fault of their own;
    `content_sha256` is of its bytes, in hex; `faults` are in the order of lines, then of columns. Its cells
    are in table `cell` of the connection, which is its own.
    """

    takes_nothing = False
    """Whether a file without even a header counts as a file without rows rather than as a fault."""

    takes_pipes = True
    """Whether it may be a pipe, or '-', which is stdin: where somebody names it for once."""

    def __init__(self, path: str, layout: Layout, connection: duckdb.DuckDBPyConnection) -> None:
        self.path = path
        self.layout = layout
        self.content_sha256 = ""
        self.row_count = 0
        self.bad_rows = 0
        self.faults: list[Fault] = []
        self.first_line = 1
        self._connection = connection
        self._plain = False  # no cell has control characters, or blanks but spaces at its ends
        self._blind = False  # no column is known
        self._closed = False  # the file as a whole is at fault
        self._missing: set[str] = set()  # columns whose fault is the file's, not each row's
        self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def check(self) -> None:
        """Raises `BadFeed` with every fault, if there is one; BadQuery where the file was not read yet."""
        if not (self.content_sha256 or self.faults):
            raise BadQuery(f"{self.path} was not read: read_feed reads a feed", field="feed")
        if self.faults:
            raise BadFeed(summary(self.path, self.faults), faults=[fault._asdict() for fault in self.faults])

    def read(self) -> None:
        """Stages the file and finds its faults. Raises `BadFeed` only for one that cannot be opened.

        Raises Unreachable where the temporary folder takes nothing.
        """
        with ExitStack() as undo:
            undo.callback(self.close)
            try:
                with source.folder_aside() as folder:
                    self._read(folder)
            except OSError as error:
                why = f"cannot be read: {error.strerror or error}"
                fault = Fault(self.path, None, None, None, why)
                raise BadFeed(f"{self.path} {why}", faults=[fault._asdict()]) from error
            undo.pop_all()

    # ------------------------------------------------------------------------------------------ staging

    def _read(self, folder: Path) -> None:
        """Stages the file and finds its faults; `folder` takes what has to be written meanwhile."""
        file = source.locate(self.path, folder, pipes=self.takes_pipes)
        form = source.form_of(self.path, file)
        surveyed = surveys.survey(file, form)
        self.content_sha256 = surveyed.content_sha256
        if self.takes_nothing and form != "parquet" and source.is_blank(file):
            pass
        elif (why := source.unreadable(file, form)) is not None:
            self._close_to_rows([(None, why)], None)
        elif surveyed.too_long is not None:
            self._close_to_rows([(None, surveys.TOO_LONG)], surveyed.too_long)
        elif form == "parquet":
            self._stage_parquet(file)
        elif form == "jsonl":
            self._stage_lines(file, surveyed, folder / "careful")
        else:
            self._stage_csv(file, form, surveyed, folder / "careful")
        if surveys.stamp(file) != surveyed.stamp:
            self._close_to_rows([(None, "was changed while it was read: try again")], None)
        if not self._blind:
            self._tidy()
            if form not in ("jsonl", "parquet"):
                self.rows("feed/blank_tail.sql")
                self.rows("feed/blank_rows.sql", why=NOTHING)
        ((self.row_count,),) = self.rows("feed/count.sql")
        self._find_faults()

    def _begin(self) -> None:
        """An empty table `cell` with the layout's columns."""
        layout = pa.schema([(name, pa.string()) for name in self.layout.names]).empty_table()
        self._connection.register("layout", layout)
        self._connection.execute(sql("feed/cell.sql"))
        self._connection.unregister("layout")

    def _stage_csv(self, file: Path, form: surveys.Form, surveyed: surveys.Survey, careful: Path) -> None:
        mark = surveys.delimiter(form)
        records = source.csv_records(file, mark)
        line, header = next(records, (1, "is empty: a header line is needed"))
        if isinstance(header, str):
            self._close_to_rows([(None, header)], line)
            return
        names = [name.strip() for name in header]
        self._take_header(names, line)
        columns = self.layout.columns
        kept = [
            name if name in columns and names.index(name) == at else None for at, name in enumerate(names)
        ]
        self.first_line = 2
        known = line == 1 and None not in kept
        if known and surveyed.regular and self._counts_add_up(file, header, surveyed, mark):
            self._plain = surveyed.plain
        else:
            self._begin()
            source.write_careful(records, kept, careful)
            self.rows("feed/read_exact.sql", path=str(careful))

    def _counts_add_up(self, file: Path, header: list[str], surveyed: surveys.Survey, mark: str) -> bool:
        """Lets DuckDB read a CSV file; whether each line was one record, with as many fields as the header.

        DuckDB takes a record with one empty field too many as well: the delimiters are counted too.
        """
        columns = {name.strip(): "VARCHAR" for name in header}
        try:
            ((read,),) = self.rows("feed/read_csv.sql", path=str(file), columns=columns, delimiter=mark)
        except duckdb.Error:
            return False
        ((inside,),) = self.rows("feed/delimiters.sql", delimiter=mark) if surveyed.quoted else ((0,),)
        parting = surveyed.delimiters - inside
        return bool(read == surveyed.lines - 1 and parting == surveyed.lines * (len(header) - 1))

    def _stage_lines(self, file: Path, surveyed: surveys.Survey, careful: Path) -> None:
        if not surveyed.regular or not self._lines_add_up(file, surveyed):
            self._begin()
            source.write_careful(source.json_lines(file), ["text"], careful)
            self.rows("feed/read_exact_lines.sql", path=str(careful))
        types = json.dumps(dict.fromkeys(self.layout.names, "VARCHAR"))
        self.rows("feed/document_cells.sql", columns=types, not_an_object=NOT_AN_OBJECT)

    def _lines_add_up(self, file: Path, surveyed: surveys.Survey) -> bool:
        """Lets DuckDB read a JSON Lines file; whether each line was one record."""
        try:
            ((read,),) = self.rows("feed/read_lines.sql", path=str(file))
        except duckdb.Error:
            return False
        ((empty,),) = self.rows("feed/document_lines.sql")
        return bool(read == surveyed.lines and empty == 0)

    def _stage_parquet(self, file: Path) -> None:
        """By a connection of its own: some damage to a file ends the connection that reads it."""
        about = {"path": str(file)}
        try:
            with duckdb.connect(config=_APART | spill.settings()) as apart:
                description = apart.execute(sql("feed/parquet_columns.sql"), about).description
                types = {name: str(kind) for name, kind, *_ in description}
                (filled,) = apart.execute(sql("feed/parquet_filled.sql"), about).fetchall()
                self._take_header(list(types), None)
                columns = self.layout.columns
                wrong = [
                    (name, type_reason(columns[name], kind))
                    for (name, kind), count in zip(types.items(), filled, strict=True)
                    if count and name in columns and not takes(columns[name], kind)
                ]
                self._close_to_rows(wrong, None)
                self._missing.update(name for name, _ in wrong)
                if not self._blind:
                    read = apart.sql(sql("feed/read_parquet.sql"), params={**about, "names": list(columns)})
                    self._connection.register("arrived", read.to_arrow_table())
                    self.rows("feed/take_parquet.sql")
                    self._connection.unregister("arrived")
        except (duckdb.Error, RuntimeError) as error:  # the latter for a column's name that is no text
            said = str(error).splitlines()[0].replace(str(file), self.path)
            self._close_to_rows([(None, f"cannot be read as Parquet: {said}")], None)

    def _take_header(self, names: list[str], line: int | None) -> None:
        self._close_to_rows(header_faults(names, self.layout), line)
        self._missing = set(self.layout.required).difference(names)
        self._blind = self.layout.columns.keys().isdisjoint(names)

    def _close_to_rows(self, reasons: Sequence[tuple[str | None, str]], line: int | None) -> None:
        """Faults of the file as a whole, after which none of its rows can be relied on."""
        self.faults.extend(Fault(self.path, line, column, None, why) for column, why in reasons)
        self._closed = self._closed or bool(reasons)

    # ------------------------------------------------------------------------------------------- faults

    def _find_faults(self) -> None:
        """Adds the faults of all rows to those of the file, and marks the rows that have one."""
        if not self._blind:
            found = [*self._faulty_rows(), *self._faulty_json(), *self._misfits()]
            if found:
                bad = list({cell_id for cell_id, _ in found})
                self.bad_rows = len(bad)
                self.rows("feed/mark_bad.sql", cell_ids=bad)
                self.faults.extend(Fault(self.path, *at_fault) for _, at_fault in found)
            self.rows("feed/document_done.sql")
        rank = self.layout.rank
        self.faults.sort(key=lambda fault: (fault.line or 0, rank.get(fault.column or "", len(rank))))

    def _tidy(self) -> None:
        """Strips blanks from the ends of every cell."""
        self._hold()
        if untidy := [name for (name,) in self.rows("feed/untidy.sql", plain=self._plain)]:
            self.rows("feed/tidy.sql", untidy=untidy)
            self._hold()

    def _hold(self) -> None:
        """Fills table `held`: per column, each value that stands in it, once."""
        texts = self.layout.texts if self._plain else ()
        others = [name for name in self.layout.names if name not in texts]
        self.rows(
            "feed/held.sql", told_apart=others or NO_COLUMN, plain_texts=list(texts) or NO_COLUMN,
            name_length=LONGEST["name"],
        )  # fmt: skip

    def _misfits(self) -> Iterator[Found]:
        """Rows whose cells may each be read, but do not belong together: what a layout alone cannot say."""
        yield from ()

    def _faulty_cells(self) -> list[tuple[Any, ...]]:
        """Place, line, column and value of each cell that is required and empty, or cannot be read."""
        layout = self.layout
        self.rows("feed/bad.sql", sorts=layout.sorts, known=layout.words, plain=self._plain)
        found = self.rows("feed/bad_columns.sql")
        if columns := [name for (name,) in found if name not in self._missing]:
            return self.rows("feed/faults.sql", columns=columns, first_line=self.first_line)
        return []

    def _faulty_rows(self) -> Iterator[Found]:
        for cell_id, line, why in self.rows("feed/broken.sql", first_line=self.first_line):
            yield cell_id, (line, None, None, why)
        said = cache(reason)  # a whole column is often wrong in the same way
        for cell_id, line, column, value in self._faulty_cells():
            yield cell_id, (line, column, value and shown(value), said(column, value, self.layout))

    def _faulty_json(self) -> Iterator[Found]:
        """In JSON Lines: keys that are no columns or come twice, and texts that are no JSON strings."""
        values = {"first_line": self.first_line, "paths": [f"$.{name}" for name in self.layout.names]}
        for cell_id, line, keys in self.rows("feed/document_keys.sql", **values):
            for column, why in column_faults(keys, self.layout):
                yield cell_id, (line, column, None, why)
        values["paths"] = [f"$.{name}" for name in self.layout.texts]
        for cell_id, line, types, given in self.rows("feed/document_types.sql", **values):
            for column, kind, value in zip(self.layout.texts, types, given, strict=True):
                if kind not in (None, "NULL", "VARCHAR"):
                    yield cell_id, (line, column, shown(value), json_reason(kind))

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of one file of `schemas`, with these values bound."""
        return self._connection.execute(sql(query), values).fetchall()
