"""Rows as CSV, TSV, JSON, NDJSON, Markdown, workbook, Parquet or Arrow; grids as plain text or as a table.

Pure: rows in, bytes or text out. The same digits in every form: whole TPP stay whole, decimals keep the
places they have, instants are UTC to the microsecond and end in Z.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TextIO

import orjson

from ledger.answer import Rows, too_many_digits
from ledger.cells import is_figure, shown
from ledger.grid import Grid, lines, plain_lines, wrapped
from ledger.text import by_code, visible
from ledger.workbook import workbook

Part = Grid | str
"""Of a screen: a grid, or a sentence."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")

# ------------------------------------------------------------------------------------------ for programs


def rows_as(form: str, given: Any, basis: Mapping[str, Any], notice: str) -> bytes:
    """The rows of an answer (`Rows`, or an Arrow table) in a form for programs.

    `notice` says what the regime's figures are not.
    """
    return _FORMS[form](given, basis, notice)


def as_json(value: Any) -> bytes:
    """One line of JSON: decimals as numbers with all their places, days and instants as ISO text.

    What could command a terminal stands by its code: the same text to whoever reads it as JSON.
    """
    written = orjson.dumps(value, default=_jsonable, option=orjson.OPT_APPEND_NEWLINE)
    return written if written.isascii() and b"\x7f" not in written else by_code(written.decode()).encode()


def _jsonable(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError(type(value).__name__)


def _json(given: Any, basis: Mapping[str, Any], _notice: str) -> bytes:
    return as_json({"basis": basis, "rows": _with_instants(given).dicts()})


def _ndjson(given: Any, _basis: Mapping[str, Any], _notice: str) -> bytes:
    return b"".join(as_json(row) for row in _with_instants(given).dicts())


def _with_instants(given: Any) -> Rows:
    """The rows with their instants as text, those within lists and structs too."""
    rows = Rows.of(given)
    places = {place for place, kind in enumerate(rows.types) if "timestamp" in kind}
    if not places:
        return rows
    as_text = [
        [_as_text(value) if place in places else value for place, value in enumerate(row)]
        for row in rows.rows
    ]
    types = ("string" if place in places else kind for place, kind in enumerate(rows.types))
    return Rows(rows.names, tuple(types), as_text)


def _as_text(value: Any) -> Any:
    """An instant as text, and what holds instants with each of them as text."""
    if isinstance(value, datetime):
        return shown(value)
    if isinstance(value, dict):
        return {name: _as_text(each) for name, each in value.items()}
    return list(map(_as_text, value)) if isinstance(value, list) else value


def at_a_terminal(written: bytes) -> bytes:
    """Text in a form for programs as a terminal may show it: its lines and tabs, and nothing that commands.

    Elsewhere it stays what was kept: quoting is all that CSV can say, and who reads it back wants that text.
    """
    lines = (map(visible, line.split("\t")) for line in written.decode().split("\n"))
    return "\n".join(map("\t".join, lines)).encode()


def _separated(delimiter: str) -> Callable[[Any, Mapping[str, Any], str], bytes]:
    def write(given: Any, _basis: Mapping[str, Any], _notice: str) -> bytes:
        rows = Rows.of(given)
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
        writer.writerow(rows.names)
        writer.writerows(_cells(rows, guarded=True))
        return out.getvalue().encode()

    return write


def _cells(rows: Rows, *, guarded: bool = False, thousands: bool = False) -> Iterator[list[str]]:
    """The rows as text. `guarded`: an apostrophe before what a spreadsheet would take for a formula."""
    texts = [guarded and kind == "string" for kind in rows.types]
    for row in rows.rows:
        cells = [shown(value, thousands=thousands) for value in row]
        yield [
            f"'{cell}" if text and cell.startswith(_FORMULA) else cell
            for cell, text in zip(cells, texts, strict=True)
        ]


def _markdown(given: Any, basis: Mapping[str, Any], notice: str) -> bytes:
    rows = Rows.of(given)
    said = [_row(rows.names), _row("---:" if is_figure(kind) else ":---" for kind in rows.types)]
    said.extend(map(_row, _cells(rows, thousands=True)))
    return "\n".join([*said, "", *(_escaped(line) for line in provenance(basis, notice)), ""]).encode()


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


_MARKS = re.compile(r"[\\|*`~\[\]]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown would take for more than text; within a word, an underscore is one."""

_ENTITY = re.compile(r"&(?=#?\w+;)")


def _escaped(cell: str) -> str:
    text = _ENTITY.sub("&amp;", visible(cell.replace("\n", " "))).replace("<", "&lt;")
    return _MARKS.sub(r"\\\g<0>", text)


def _workbook(given: Any, basis: Mapping[str, Any], notice: str) -> bytes:
    return workbook({"Rows": given}, basis, notice)


def _columnar(
    write: Callable[[Any, io.BytesIO], None],
) -> Callable[[Any, Mapping[str, Any], str], bytes]:
    """A form that keeps types; the basis goes into the schema's metadata, as JSON under `tppq`."""

    def written(given: Any, basis: Mapping[str, Any], notice: str) -> bytes:
        import pyarrow as pa  # a tenth of a second, for those who want text  # noqa: PLC0415

        table = given.arrow() if isinstance(given, Rows) else given
        fields = [
            field.with_type(pa.timestamp("us", "UTC")) if pa.types.is_timestamp(field.type) else field
            for field in table.schema
        ]
        for field, column in zip(table.schema, table.columns, strict=True):
            if pa.types.is_decimal(field.type):
                _must_fit(field.name, column)
        about = {"tppq": orjson.dumps({"basis": basis, "notice": notice})}
        out = io.BytesIO()
        write(table.cast(pa.schema(fields)).replace_schema_metadata(about), out)
        return out.getvalue()

    return written


def _must_fit(name: str, column: Any) -> None:
    """Raises BadQuery where a decimal has more digits than its type: a HUGEINT may have 39."""
    import pyarrow as pa  # likewise  # noqa: PLC0415

    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        raise too_many_digits(name) from None


def _write_arrow(table: Any, out: io.BytesIO) -> None:
    from pyarrow import ipc  # likewise  # noqa: PLC0415

    with ipc.new_file(out, table.schema) as writer:
        writer.write_table(table)


def _write_parquet(table: Any, out: io.BytesIO) -> None:
    from pyarrow import parquet  # likewise  # noqa: PLC0415

    parquet.write_table(table, out, compression="zstd")


_FORMS: Mapping[str, Callable[[Any, Mapping[str, Any], str], bytes]] = {
    "csv": _separated(","),
    "tsv": _separated("\t"),
    "json": _json,
    "ndjson": _ndjson,
    "md": _markdown,
    "xlsx": _workbook,
    "parquet": _columnar(_write_parquet),
    "arrow": _columnar(_write_arrow),
}


# ------------------------------------------------------------------------------------------ for people


def plain(parts: Sequence[Part]) -> str:
    """Text without color or lines, as wide as it takes: for a pipe, a file, a mail."""
    return "".join(f"{line}\n" for line in _plain_lines(parts))


def _plain_lines(parts: Sequence[Part]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield visible(part)
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
