"""The core: a private copy of the entries in DuckDB, stamped with the last `seq` it has seen, asked by SQL.

`Core` never writes to the ledger. It takes entries in by column, in the order of `seq` and without gaps, and
answers every question with the macros of `schemas/core`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ledger import schema
from ledger.errors import BadQuery, Tampered
from ledger.model import MOVES, Country, Device, Regime

NARROW = ("kind", "country", "programme", "effective_on", "tpp", "recorded_at", "seq")
"""The columns that headroom needs; the rest is read when a question needs it."""

WIDE = (
    "kind", "country", "programme", "effective_on", "tpp", "recorded_at", "license_no", "device_id",
    "quantity", "expires_on", "reverses_seq", "consignee", "exporter", "reference", "reason", "holder",
    "quota", "regime", "request_id", "request_part", "body_hash", "group_id", "actor", "approver",
    "headroom_after_tpp", "hash_v", "prev_hash", "hash", "seq",
)  # fmt: skip

_DAYS = frozenset({"effective_on", "expires_on"})
_WHOLE = frozenset({"tpp", "quantity", "reverses_seq", "request_part", "headroom_after_tpp", "hash_v", "seq"})
_SIGN = {
    kind.value: (move.target == "headroom") - (move.source == "headroom") for kind, move in MOVES.items()
}
_SORT_FROM = 100_000
"""Entries beyond the sorted ones that make it worth while to sort anew."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a question as an Arrow table, and the basis they stand on (regime, seq, hash, times)."""

    table: pa.Table
    basis: Mapping[str, Any]

    def arrow(self) -> pa.Table:
        return self.table

    def df(self) -> Any:
        """A pandas frame backed by Arrow, so that whole numbers stay whole."""
        import pandas as pd  # 0.2 s at every start of the command, for those who never ask for a frame  # noqa: PLC0415

        return self.table.to_pandas(types_mapper=pd.ArrowDtype)

    def pl(self) -> Any:
        """A polars frame; polars is the caller's to install."""
        import polars as pl  # an optional package of the caller's  # noqa: PLC0415

        return pl.from_arrow(self.table)

    def rows(self) -> list[dict[str, Any]]:
        """One dict a row, with Python's own types: int, str, date, datetime, Decimal."""
        rows: list[dict[str, Any]] = self.table.to_pylist()
        return rows

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)

    def _repr_html_(self) -> str:
        html: str = self.df().to_html(index=False, notebook=True)
        return html


def as_table(columns: Sequence[str], by_column: Iterable[Sequence[Any]]) -> pa.Table:
    """Columns of the store as an Arrow table with types, as the core takes them.

    Days and instants are given as ISO text. Adds `to_headroom_tpp`: what each entry adds to its country's
    headroom. Raises Tampered.
    """
    try:
        arrays = {name: _array(name, values) for name, values in zip(columns, by_column, strict=True)}
        kinds, tpp = arrays["kind"].to_pylist(), arrays["tpp"].to_pylist()
        change = [_SIGN[kind] * each for kind, each in zip(kinds, tpp, strict=True)]
        arrays["to_headroom_tpp"] = pa.array(change, pa.int64())
    except (pa.ArrowInvalid, pa.ArrowTypeError, KeyError, TypeError) as error:
        raise Tampered(f"an entry holds what no entry can: {error}") from error
    return pa.Table.from_pydict(arrays)


def _array(name: str, values: Sequence[Any]) -> pa.Array:
    if name in _WHOLE:
        return pa.array(values, pa.int64())
    text = pa.array(values, pa.string())
    if name in _DAYS:
        return text.cast(pa.date32())
    return text.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us")) if name == "recorded_at" else text


class Core:
    """Every entry up to `seq`, in DuckDB's memory. Any thread may ask; answers come one at a time."""

    def __init__(
        self, regime: Regime, countries: Mapping[str, Country], devices: Mapping[str, Device], *, wide: bool
    ) -> None:
        self.seq = 0
        self.wide = wide
        self._today = ""
        self.columns = WIDE if wide else NARROW
        self._sorted_seq = 0
        self._lock = threading.RLock()
        self._connection = duckdb.connect(
            ":memory:", config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
        )
        self._connection.execute("set timezone = 'UTC'")
        self._connection.execute("set enable_progress_bar = false")
        references = {
            "country": [asdict(country) for country in countries.values()],
            "device": [asdict(device) | {"counts_3a090_a": device.counts} for device in devices.values()],
            "move": [
                {"kind": kind.value, "source": m.source, "target": m.target} for kind, m in MOVES.items()
            ],
            "regime": [{name: getattr(regime, name) for name in Regime.__slots__}],
        }
        for path in schema.core_scripts():
            self._connection.execute(schema.sql(path))
            if path == "core/0_reference.sql":
                for table, rows in references.items():
                    self._fill(table, rows)

    def _fill(self, table: str, rows: list[dict[str, Any]]) -> None:
        """Insert rows into a native table: those of its columns that they have."""
        names = self._connection.table(table).columns
        arrow = pa.Table.from_pylist([{name: row[name] for name in names} for row in rows])
        self._connection.from_arrow(arrow).insert_into(table)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def append(self, table: pa.Table) -> None:
        """Take in the entries that follow: `columns` by name, in the order of `seq`. Refuses a gap."""
        if table.num_rows == 0:
            return
        first, last = table["seq"][0].as_py(), table["seq"][-1].as_py()
        if first != self.seq + 1 or last - first + 1 != table.num_rows:
            raise Tampered(
                f"entries {first:,} to {last:,} ({table.num_rows:,} rows) do not follow entry {self.seq:,}: "
                "an entry is missing from the store; run tppq verify",
                seq=self.seq + 1,
            )
        self.append_unchecked(table)

    def append_unchecked(self, table: pa.Table) -> None:
        """Take entries in as they come, gaps and all: for `verify`, which looks for them."""
        with self._lock:
            self._connection.register("arriving", table)
            try:
                self._connection.execute(schema.sql("core/take_arriving.sql"))
            except duckdb.ConversionException as error:
                raise Tampered(f"an entry holds what no entry can: {error}") from error
            finally:
                self._connection.unregister("arriving")
            self.seq = table["seq"][-1].as_py()

    def load(self, files: Sequence[Path], last_seq: int) -> bool:
        """Take in whole segments: Parquet files with `columns` among theirs, from entry 1 to `last_seq`.

        False where they cannot be read or do not hold what their names say; the core is of no use then.
        """
        assert self.seq == 0
        names = [duckdb.ColumnExpression(name) for name in (*self.columns, "to_headroom_tpp")]
        with self._lock:
            try:
                segments = self._connection.read_parquet([str(file) for file in files])
                segments.select(*names).create_view("arriving")
                self._connection.execute(schema.sql("core/take_arriving.sql"))
                self._connection.execute("drop view arriving")
                found = self._connection.execute(schema.sql("core/loaded.sql")).fetchall()
            except duckdb.Error:
                return False
            self.seq = last_seq
            return found == [(last_seq, 1, last_seq)]

    def sort(self) -> None:
        """Lay the entries in the order of (country, seq), where enough have come since they last were."""
        with self._lock:
            if self.seq - self._sorted_seq >= _SORT_FROM:
                self._connection.execute(schema.sql("core/sort_entries.sql"))
                self._sorted_seq = self.seq

    def set_today(self, today: str) -> None:
        """The day (ISO text) by which licenses expire and quotas close."""
        with self._lock:
            if today != self._today:
                self._connection.execute(schema.sql("core/set_today.sql"), {"today": today})
                self._today = today

    def ask(self, query: str, values: Mapping[str, Any] | None = None) -> pa.Table:
        """The rows of one SELECT, with `$name` bound to `values`. Raises BadQuery."""
        with self._lock:
            try:
                return self._connection.sql(query, params=dict(values or {})).to_arrow_table()
            except duckdb.Error as error:
                raise BadQuery(str(error).strip(), query=query) from error
