"""The core: a private copy of the entries in DuckDB, stamped with the last `seq` it has seen, asked by SQL.

`Core` never writes to the ledger. It takes entries in, in the order of `seq` and without gaps, and answers
every question with the macros of `schemas/core`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path
from typing import Any

import duckdb

from ledger import schema, spill
from ledger.answer import Rows
from ledger.columns import NARROW, WIDE, as_table, fill, references, to_headroom
from ledger.errors import BadQuery, Tampered
from ledger.model import Country, Device, Regime
from ledger.standing import FEW, Standing

_PRIVATE: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}

_SORT_FROM = 100_000
"""Entries beyond the sorted ones that make it worth while to sort anew."""

_MOST_WAITING = 50_000
"""Entries that may wait for a question that needs more of them than their sums."""


class Damaged(Exception):
    """A segment cannot be read: a core without segments has to be asked."""


class _Segments(Enum):
    """Where the entries of the segments are.

    `laid` down with the others (as where there are no segments), or in their files: `aside` before any
    question, `read` by the first one while it is asked, `done` after it.
    """

    laid = auto()
    aside = auto()
    read = auto()
    done = auto()


class Core:
    """Every entry up to `seq`, in DuckDB's memory. Any thread may ask; answers come one at a time.

    What each country holds now is kept up as entries arrive, so what is left now is no sum over all of them
    (`now`). A few entries wait until a question needs more than that; so do segments, which are read where
    they lie for the first such question, and laid down for the second.
    """

    def __init__(
        self, regime: Regime, countries: Mapping[str, Country], devices: Mapping[str, Device], *, wide: bool
    ) -> None:
        self.seq = 0
        self.wide = wide
        self.columns = WIDE if wide else NARROW
        self._today = ""
        self._sorted_seq = 0
        self._waiting: list[Sequence[Any]] = []
        self._segments = _Segments.laid
        self._lock = threading.RLock()
        self._connection = duckdb.connect(":memory:", config=_PRIVATE | spill.settings())
        self._connection.execute("set timezone = 'UTC'")
        self._connection.execute("set enable_progress_bar = false")
        self._scripts = deque(schema.core_scripts())
        self._run(self._scripts.popleft())
        for table, rows in references(regime, countries, devices).items():
            self._connection.values(*rows).insert_into(table)
        self._run_scripts("core/3_headroom.sql")
        self._standing = Standing(self._connection)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    # --------------------------------------------------------------------------------- taking entries in

    def append(self, table: Any) -> None:
        """Take in many entries that follow: an Arrow table of `columns` by name, in the order of `seq`.

        Raises Tampered for a gap, and for a value that no entry can have.
        """
        if table.num_rows == 0:
            return
        first, last = table["seq"][0].as_py(), table["seq"][-1].as_py()
        with self._lock:
            self._must_follow(first, last, table.num_rows)
            self._lay_waiting()
            self.take(table, "core/take_arriving.sql")
            self.seq = last

    def append_rows(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take in a few entries that follow: rows of `columns`, as the store has them. Raises Tampered."""
        with self._lock:
            self._must_follow(rows[0][-1], rows[-1][-1], len(rows))
            if len(self._waiting) + len(rows) > _MOST_WAITING:
                self._lay_waiting()
            if self._standing.seq == self.seq and len(rows) <= FEW:
                self._standing.add(rows)
            self._waiting.extend(rows)
            self.seq = rows[-1][-1]

    def _must_follow(self, first: int, last: int, count: int) -> None:
        if first != self.seq + 1 or last - first + 1 != count:
            raise Tampered(
                f"entries {first:,} to {last:,} ({count:,} rows) do not follow entry {self.seq:,}: "
                "an entry is missing from the store; run tppq verify",
                seq=self.seq + 1,
            )

    def _lay_waiting(self) -> None:
        """Put the entries that wait where every question finds them."""
        rows, self._waiting = self._waiting, []
        if not rows:
            return
        if self.wide:
            self.take(as_table(WIDE, zip(*rows, strict=True)), "core/take_arriving.sql")
            return
        columns: dict[str, list[Any]] = {
            name: list(values) for name, values in zip(NARROW, zip(*rows, strict=True), strict=True)
        }
        try:
            columns["to_headroom_tpp"] = to_headroom(columns["kind"], columns["tpp"])
            self._run("core/take_rows.sql", columns)
        except (KeyError, TypeError, duckdb.Error) as error:
            raise Tampered(f"an entry holds what no entry can: {error}") from error

    def _lay_segments(self) -> None:
        """Put the segments where every question finds them quickly. Raises Damaged."""
        if self._segments is not _Segments.laid:
            self._run_on_segments("core/take_segments.sql")
            self._segments = _Segments.laid

    def _run_on_segments(self, path: str) -> None:
        try:
            self._run(path)
        except duckdb.Error as error:
            raise Damaged from error

    def take(self, table: Any, path: str) -> list[tuple[Any, ...]]:
        """Run a script of `schemas` that takes in an Arrow table by the name of `arriving`; what it answers.

        Raises Tampered for a value that no entry can have.
        """
        with self._lock:
            self._connection.register("arriving", table)
            try:
                return self._run(path)
            except (duckdb.ConversionException, duckdb.InvalidInputException) as error:
                raise Tampered(f"an entry holds what no entry can: {error}") from error
            finally:
                self._connection.unregister("arriving")

    def load(self, files: Sequence[Path], last_seq: int) -> bool:
        """Take in whole segments: Parquet files with `columns` among theirs, from entry 1 to `last_seq`.

        False where they cannot be read or do not hold what their names say; the core is of no use then.
        """
        assert self.seq == 0
        names = [duckdb.ColumnExpression(name) for name in (*self.columns, "to_headroom_tpp")]
        with self._lock:
            try:
                segments = self._connection.read_parquet([str(file) for file in files])
                segments.select(*names).create_view("segment")
                self._run("core/sum_segments.sql")
                if self._run("core/loaded.sql") != [(last_seq, 1, last_seq)]:
                    return False
                self._standing.add_all("summed", last_seq)
            except duckdb.Error:
                return False
            self._segments, self.seq = _Segments.aside, last_seq
            return True

    def sort(self) -> None:
        """Lay the entries in the order of (country, seq), where enough have come since they last were.

        Not for the first question about segments.
        """
        with self._lock:
            if self._segments is _Segments.aside:
                return
            if self.seq - self._sorted_seq >= _SORT_FROM:
                self._lay_waiting()
                self._lay_segments()
                self._run("core/sort_entries.sql")
                self._sorted_seq = self.seq

    def set_today(self, today: str) -> None:
        """The day (ISO text) by which licenses expire and quotas close."""
        with self._lock:
            if today != self._today:
                self._run("core/set_today.sql", {"today": today})
                self._standing.new_day()
                self._today = today

    # -------------------------------------------------------------------------------------------- asking

    def now(self, countries: Collection[str]) -> Rows:
        """What these countries (all, where none is named) have left now, lowest first."""
        with self._lock:
            if self._standing.seq < self.seq:
                self._lay_waiting()
                self._standing.add_all("entry", self.seq)
            return self._standing.rows(countries)

    def rows(self, query: str, values: Mapping[str, Any]) -> Rows:
        """The rows of one SELECT, with `$name` bound to `values`, as Python has them. Raises BadQuery."""
        with self._lock, self._every_entry():
            return self._rows(query, values)

    def ask(
        self,
        query: str,
        values: Mapping[str, Any] | None = None,
        beside: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    ) -> Any:
        """The rows of one SELECT, with `$name` bound to `values`, as a `pyarrow.Table`. Raises BadQuery.

        `beside`: rows for the tables of `schemas/core/beside.sql`, which are there for this question alone.
        """
        with self._lock, self._every_entry():
            asked = self._connection if beside is None else self._connection.cursor()
            try:
                _must_be_one_select(asked.extract_statements(query))
                if beside is not None:
                    asked.execute("set enable_progress_bar = false")
                    asked.execute(schema.sql("core/beside.sql"))
                    for table, rows in beside.items():
                        fill(asked, table, rows)
                asked.begin()
                try:
                    return asked.sql(query, params=dict(values or {})).to_arrow_table()
                finally:
                    asked.rollback()  # within a SELECT may stand an INSERT
            except duckdb.Error as error:
                said = str(error).partition("\nStack Trace:")[0]  # DuckDB's own, where it fails
                raise BadQuery(said.strip(), query=query) from error
            finally:
                if beside is not None:
                    asked.close()

    @contextmanager
    def _every_entry(self) -> Iterator[None]:
        """For a question about entries: those that wait are laid down, and segments are read as well.

        Raises Damaged.
        """
        self._run_scripts()
        self._lay_waiting()
        if self._segments is _Segments.aside:
            self._run_on_segments("core/scan_segments.sql")
            self._segments = _Segments.read
        else:
            self._lay_segments()
        try:
            yield
        except BadQuery:
            self._unscan()
            self._lay_segments()  # raises where it is they that cannot be read
            raise
        finally:
            self._unscan()

    def _unscan(self) -> None:
        if self._segments is _Segments.read:
            self._run("core/unscan_segments.sql")
            self._segments = _Segments.done

    def _rows(self, query: str, values: Mapping[str, Any]) -> Rows:
        try:
            answered = self._connection.execute(query, dict(values))
            return Rows.of_duckdb(answered.description, answered.fetchall())
        except duckdb.Error as error:
            raise BadQuery(str(error).strip(), query=query) from error

    def _run_scripts(self, last: str | None = None) -> None:
        """Run what makes the core, up to a script: what is left now needs less than all of it."""
        while self._scripts:
            path = self._scripts.popleft()
            self._run(path)
            if path == last:
                return

    def _run(self, path: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        return self._connection.execute(schema.sql(path), values and dict(values)).fetchall()


def _must_be_one_select(statements: Sequence[duckdb.Statement]) -> None:
    if [each.type for each in statements] != [duckdb.StatementType.SELECT]:
        raise BadQuery("the query is not one SELECT: the core takes nothing else")
