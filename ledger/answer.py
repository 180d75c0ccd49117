"""Answers: rows with names and types, and the basis they stand on. They become Arrow when Arrow is asked for.

`pyarrow` is a tenth of a second at the start of a process. A process that prints one figure does without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ledger import markup
from ledger.cells import is_figure
from ledger.errors import BadQuery, Misconfigured

_DECIMAL, _DUCKDB_DECIMAL = re.compile(r"decimal128\((\d+), (\d+)\)"), re.compile(r"DECIMAL\((\d+),(\d+)\)")
_ARROW_NAMES = {
    "VARCHAR": "string", "BIGINT": "int64", "BOOLEAN": "bool", "DATE": "date32[day]",
    "TIMESTAMP": "timestamp[us]",
}  # fmt: skip
"""DuckDB's names of types, as Arrow has them; decimals beside."""

_SHOWN = 100
"""Rows that a notebook shows."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as Python has them (int, str, date, datetime, Decimal, ...), and the type of each column.

    Types are named as Arrow names them: `int64`, `string`, `decimal128(21, 2)`, `timestamp[us]`, ...
    """

    names: tuple[str, ...]
    types: tuple[str, ...]
    rows: Sequence[Sequence[Any]]

    @classmethod
    def of(cls, given: Any) -> Rows:
        """The same rows, if they are given so; else those of an Arrow table."""
        if isinstance(given, Rows):
            return given
        columns = [
            _listed(name, column) for name, column in zip(given.column_names, given.columns, strict=True)
        ]
        rows = list(zip(*columns, strict=True)) if columns else []
        return cls(tuple(given.column_names), tuple(str(each.type) for each in given.schema), rows)

    @classmethod
    def of_duckdb(cls, description: Sequence[Sequence[Any]], rows: Sequence[Sequence[Any]]) -> Rows:
        """What DuckDB answered, of the types that the core's own questions have."""
        return cls(
            tuple(each[0] for each in description), tuple(_arrow_name(str(each[1])) for each in description),
            rows,
        )  # fmt: skip

    def arrow(self) -> Any:
        """The rows as an Arrow table. Raises BadQuery for a number that has more digits than its decimals."""
        import pyarrow as pa  # a tenth of a second, for those who want Arrow  # noqa: PLC0415

        kinds = [
            pa.decimal128(*map(int, match.groups()))
            if (match := _DECIMAL.fullmatch(each))
            else pa.type_for_alias(each)
            for each in self.types
        ]
        columns = zip(*self.rows, strict=True) if self.rows else [()] * len(self.names)
        arrays = []
        for name, values, kind in zip(self.names, columns, kinds, strict=True):
            try:
                arrays.append(pa.array(values, kind))
            except pa.ArrowInvalid:
                if not pa.types.is_decimal(kind):
                    raise
                raise too_many_digits(name) from None
        return pa.Table.from_arrays(arrays, names=list(self.names))

    def column(self, name: str) -> list[Any]:
        """The values of one column."""
        place = self.names.index(name)
        return [row[place] for row in self.rows]

    def dicts(self) -> list[dict[str, Any]]:
        """One dict per row."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]


def plain(table: Any) -> Any:
    """An Arrow table whose columns have names of their own, and words as text. Raises BadQuery.

    DuckDB answers with what it keeps as one of a few words as a dictionary, which no frame takes for text.
    """
    names = table.column_names
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadQuery(
            f"two columns are called {', '.join(twice)}: give one of them another name (... as ...)"
        )
    columns = [_as(column, _plain(column.type)) for column in table.columns]
    return table.from_arrays(columns, names=names) if columns else table


def _as(column: Any, kind: Any) -> Any:
    """A column of this type; an empty map stays as it is, over the cast of which Arrow ends the process."""
    return column if column.type == kind or "map<null" in str(column.type) else column.cast(kind)


def _plain(kind: Any) -> Any:
    import pyarrow as pa  # as above  # noqa: PLC0415

    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_plain(kind.value_type), kind.list_size)
    if pa.types.is_map(kind) and not pa.types.is_null(kind.key_type):
        return pa.map_(_plain(kind.key_type), _plain(kind.item_type))
    if pa.types.is_struct(kind):
        return pa.struct([each.with_type(_plain(each.type)) for each in kind])
    return kind


def _listed(name: str, column: Any) -> list[Any]:
    """The values of an Arrow column. Raises BadQuery for a day that Python's calendar does not have."""
    try:
        values: list[Any] = column.to_pylist(maps_as_pydicts="strict")
    except OverflowError:
        raise _beyond_the_calendar(name) from None
    return values


def _beyond_the_calendar(name: str) -> BadQuery:
    return BadQuery(
        f"column {name} has a day or an instant outside the years 1 to 9999: cast it to varchar, or ask for "
        "parquet or arrow",
        column=name,
    )


def too_many_digits(name: str) -> BadQuery:
    """What is said of a column with a number that no decimal can hold."""
    return BadQuery(
        f"column {name} has a number of more than 38 digits, the most that a decimal has: cast it to varchar",
        column=name,
    )


def _arrow_name(duckdb_type: str) -> str:
    """Arrow's name of a type of DuckDB's."""
    decimal = _DUCKDB_DECIMAL.fullmatch(duckdb_type)
    assert decimal or duckdb_type in _ARROW_NAMES, f"no answer has {duckdb_type}"
    return f"decimal128({decimal[1]}, {decimal[2]})" if decimal else _ARROW_NAMES[duckdb_type]


class Answer:
    """The rows of a question, and the basis they stand on (regime, seq, hash, times).

    `given` is `Rows`, or an Arrow table; `aside` what a screen says beside them, and no form for programs.
    """

    __slots__ = ("_arrow", "aside", "basis", "given")

    def __init__(
        self, given: Any, basis: Mapping[str, Any], aside: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        self.given = given
        self.basis = dict(basis)
        self.aside = dict(aside)  # a view of a mapping cannot be pickled
        self._arrow = None if isinstance(given, Rows) else given

    @property
    def table(self) -> Any:
        """The rows as a `pyarrow.Table`."""
        if self._arrow is None:
            self._arrow = self.given.arrow()
        return self._arrow

    @property
    def held(self) -> Rows:
        """The rows as Python has them, with their names and types."""
        return Rows.of(self.given)

    def arrow(self) -> Any:
        """The rows as a `pyarrow.Table`."""
        return self.table

    def df(self) -> Any:
        """A pandas frame backed by Arrow, so that whole numbers stay whole."""
        import pandas as pd  # 0.2 s at every start of the command, for those who never ask for a frame  # noqa: PLC0415

        return self.table.to_pandas(types_mapper=pd.ArrowDtype)

    def pl(self) -> Any:
        """A polars frame. Raises Misconfigured where polars, an extra, is not installed."""
        try:
            import polars as pl  # an extra, for those who want its frames  # noqa: PLC0415
        except ModuleNotFoundError:
            raise Misconfigured(
                "polars needs the extra: pip install 'tppq[polars]'", extra="polars"
            ) from None
        return pl.from_arrow(self.table)

    def rows(self) -> list[dict[str, Any]]:
        """One dict per row, with Python's own types: int, str, date, datetime, Decimal.

        Raises BadQuery where a query found a day or an instant that Python has no value for.
        """
        if isinstance(self.given, Rows):
            return self.given.dicts()
        try:
            rows: list[dict[str, Any]] = self.given.to_pylist()
        except OverflowError:
            Rows.of(self.given)  # says in which column
            raise
        return rows

    def __len__(self) -> int:
        return len(self.given.rows) if isinstance(self.given, Rows) else int(self.given.num_rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)

    def _repr_html_(self) -> str:
        """What a notebook shows: the first rows, and what they stand on."""
        some = Rows.of(self.given if isinstance(self.given, Rows) else self.given.slice(0, _SHOWN))
        styles = [f' style="text-align:{"right" if is_figure(kind) else "left"}"' for kind in some.types]
        body = "".join(markup.row(map(markup.text, row), styles) for row in some.rows[:_SHOWN])
        about, more = self.basis, len(self) - _SHOWN
        said = [f"{more:,} rows more: .df(), .arrow() and .rows() have them all."] if more > 0 else []
        said += [
            f"Regime {about['regime']}, not a legal balance. As of {about['as_of']}, entry {about['seq']:,}.",
            f"Known at {about['known_at']}. H100e = TPP / {about['h100_tpp']:,}, rounded down.",
        ]
        table = f"<table><thead>{markup.heading(some.names, styles)}</thead><tbody>{body}</tbody></table>"
        return f"{table}<p>{'<br>'.join(map(markup.text, said))}</p>"
