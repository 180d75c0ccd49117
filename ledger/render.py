"""Rows as CSV, TSV, JSON, NDJSON, Markdown, workbook, Parquet or Arrow; grids as plain text or as a table.

Pure: rows in, bytes or text out. The same digits in every form: whole TPP stay whole, decimals keep the
places they have, instants are UTC to the microsecond and end in Z.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TextIO

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from ledger.errors import Misconfigured
from ledger.grid import Grid, lines, plain_lines, wrapped

Part = Grid | str
"""Of a screen: a grid, or a sentence."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_EXCEL_DIGITS = 15
"""A workbook's numbers are doubles of which it shows 15 digits: longer ones are kept as text."""


# ------------------------------------------------------------------------------------------ for programs


def rows_as(form: str, table: pa.Table, basis: Mapping[str, Any], notice: str) -> bytes:
    """The rows of an answer in a form for programs; `notice` says what the regime's figures are not."""
    return _FORMS[form](table, basis, notice)


def as_json(value: Any) -> bytes:
    """One line of JSON: decimals as numbers with all their places, days and instants as ISO text."""
    return orjson.dumps(value, default=_jsonable, option=orjson.OPT_APPEND_NEWLINE)


def _jsonable(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError(type(value).__name__)


def _json(table: pa.Table, basis: Mapping[str, Any], _notice: str) -> bytes:
    return as_json({"basis": basis, "rows": _with_instants(table).to_pylist()})


def _ndjson(table: pa.Table, _basis: Mapping[str, Any], _notice: str) -> bytes:
    return b"".join(as_json(row) for row in _with_instants(table).to_pylist())


def _with_instants(table: pa.Table) -> pa.Table:
    """The table with its instants as ISO text in UTC, to the microsecond."""
    for index, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            values = table.column(index).to_pylist()
            text = [None if at is None else f"{at:%Y-%m-%dT%H:%M:%S.%f}Z" for at in values]
            table = table.set_column(index, column.name, pa.array(text, pa.string()))
    return table


def _separated(delimiter: str) -> Callable[[pa.Table, Mapping[str, Any], str], bytes]:
    def write(table: pa.Table, _basis: Mapping[str, Any], _notice: str) -> bytes:
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
        writer.writerow(table.column_names)
        writer.writerows(zip(*_cells(table, guarded=True), strict=True))
        return out.getvalue().encode()

    return write


def _cells(table: pa.Table, *, guarded: bool = False, thousands: bool = False) -> list[list[str]]:
    """The columns as text. `guarded`: an apostrophe before what a spreadsheet would take for a formula."""
    columns = []
    for name, column in zip(table.column_names, _with_instants(table).columns, strict=True):
        values = column.to_pylist()
        if pa.types.is_string(table.schema.field(name).type) and guarded:
            values = [f"'{value}" if value and value.startswith(_FORMULA) else value for value in values]
        columns.append([shown(value, thousands=thousands) for value in values])
    return columns


def shown(value: Any, *, thousands: bool = True) -> str:
    """One value as text: nothing for None, digits by three if asked for, decimals with all their places."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return format(value, f"{',' if thousands else ''}{'f' if isinstance(value, Decimal) else 'd'}")
    if isinstance(value, (list, dict)):
        return orjson.dumps(value).decode()
    return value.isoformat() if isinstance(value, date) else str(value)


def _markdown(table: pa.Table, basis: Mapping[str, Any], notice: str) -> bytes:
    numbers = [_is_number(field.type) for field in table.schema]
    said = [_row(table.column_names), _row("---:" if number else ":---" for number in numbers)]
    said.extend(map(_row, zip(*_cells(table, thousands=True), strict=True)))
    return "\n".join([*said, "", *(_escaped(line) for line in provenance(basis, notice)), ""]).encode()


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _escaped(cell: str) -> str:
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_decimal(kind))


def _workbook(table: pa.Table, basis: Mapping[str, Any], notice: str) -> bytes:
    try:
        import xlsxwriter  # an extra: most installations never write a workbook  # noqa: PLC0415
    except ModuleNotFoundError:
        raise Misconfigured("a workbook needs an extra: pip install 'tppq[xlsx]'", extra="xlsx") from None
    out = io.BytesIO()
    with xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        rows, about = book.add_worksheet("Rows"), book.add_worksheet("About")
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        rows.freeze_panes(1, 0)
        for place, (field, column) in enumerate(
            zip(table.schema, _with_instants(table).columns, strict=True)
        ):
            rows.write_string(0, place, field.name, bold)
            number = book.add_format({"num_format": _number_format(field.type)})
            longest = len(field.name)
            for row, value in enumerate(column.to_pylist(), start=1):
                longest = max(longest, len(shown(value)))
                _write_cell(rows, row, place, value, day if isinstance(value, date) else number)
            rows.set_column(place, place, min(60, longest + 2))
        about.set_column(0, 0, 16)
        for row, (name, value) in enumerate([*basis.items(), ("notice", notice)]):
            about.write_string(row, 0, name, bold)
            about.write_string(row, 1, shown(value, thousands=False))
    return out.getvalue()


def _number_format(kind: pa.DataType) -> str:
    places = kind.scale if pa.types.is_decimal(kind) else 0
    return f"#,##0.{'0' * places}" if places else "#,##0"


def _write_cell(sheet: Any, row: int, place: int, value: Any, style: Any) -> None:
    if isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, (int, Decimal)) and len(str(value)) <= _EXCEL_DIGITS:
        sheet.write_number(row, place, float(value), style)
    elif isinstance(value, date):
        sheet.write_datetime(row, place, datetime.combine(value, time.min), style)
    elif value is not None:
        sheet.write_string(row, place, shown(value))


def _columnar(
    write: Callable[[pa.Table, io.BytesIO], None],
) -> Callable[[pa.Table, Mapping[str, Any], str], bytes]:
    """A form that keeps types; the basis goes into the schema's metadata, as JSON under `tppq`."""

    def written(table: pa.Table, basis: Mapping[str, Any], notice: str) -> bytes:
        fields = [
            field.with_type(pa.timestamp("us", "UTC")) if pa.types.is_timestamp(field.type) else field
            for field in table.schema
        ]
        about = {"tppq": orjson.dumps({"basis": basis, "notice": notice})}
        out = io.BytesIO()
        write(table.cast(pa.schema(fields)).replace_schema_metadata(about), out)
        return out.getvalue()

    return written


def _write_arrow(table: pa.Table, out: io.BytesIO) -> None:
    with pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table)


_FORMS: Mapping[str, Callable[[pa.Table, Mapping[str, Any], str], bytes]] = {
    "csv": _separated(","),
    "tsv": _separated("\t"),
    "json": _json,
    "ndjson": _ndjson,
    "md": _markdown,
    "xlsx": _workbook,
    "parquet": _columnar(lambda table, out: pq.write_table(table, out, compression="zstd")),
    "arrow": _columnar(_write_arrow),
}


# ------------------------------------------------------------------------------------------ for people


def plain(parts: Sequence[Part]) -> str:
    """Text without color or lines, as wide as it takes: for a pipe, a file, a mail."""
    return "".join(f"{line}\n" for line in _plain_lines(parts))


def _plain_lines(parts: Sequence[Part]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        else:
            yield from plain_lines(part)


def print_table(parts: Sequence[Part], out: TextIO, width: int) -> None:
    """The same for a terminal: lines, colors unless NO_COLOR says otherwise, and nothing beyond its width."""
    # 50 ms at every start, for those who want no table.
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(file=out, width=width, soft_wrap=True, highlight=False, markup=False, emoji=False)
    for part in parts:
        if isinstance(part, str):
            for line in wrapped(part, width):
                console.print(Text(line))
        else:
            for spans in lines(part, width, ruled=True):
                console.print(Text.assemble(*((span.text, span.style) for span in spans)))


def provenance(basis: Mapping[str, Any], notice: str) -> list[str]:
    """What figures stand on: the regime and what it is worth, the divisor, the times, the entry, the head."""
    known_at = str(basis["known_at"])
    return [
        f"Regime {basis['regime']} ({notice}). H100e = TPP / {basis['h100_tpp']:,}, rounded down.",
        " · ".join(
            [
                f"As of {basis['as_of']}, known at {known_at[:10]} {known_at[11:19]}Z",
                f"entry {basis['seq']:,}",
                f"head {basis['head_hash'][:8]}",
            ]
        ),
    ]
