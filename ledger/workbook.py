"""Answers as a workbook: real numbers below a header that stays, and a sheet that says what they stand on.

Nothing is cut to fit: what a sheet cannot hold is refused, and a number that has more digits than a workbook
shows is kept as text. The same answer gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import isfinite
from typing import Any

from rich.cells import cell_len

from ledger.answer import Rows
from ledger.cells import is_figure, places_of, shown
from ledger.errors import BadQuery, Misconfigured

MOST_ROWS = 1_048_575
"""Rows of a sheet below its header."""

MOST_LETTERS = 32_767
"""Letters of a cell."""

_DIGITS = 15
"""A workbook's numbers are doubles of which it shows 15 digits: longer ones are kept as text."""

_BEFORE_ALL = date(1900, 1, 1)
"""A workbook's calendar begins after it: days up to then are kept as text."""

_WIDEST = 60
_ON_PAPER, _SMALL = 240, 60
"""Letters side by side that can be read on one page; what is wider is printed so small (%), on several."""
_ABOUT = "About"
_TELLS = {
    "report": "Report",
    "question": "Question",
    "parameters": "Parameter",
    "regime": "Regime",
    "seq": "Last entry",
    "head_hash": "Head hash",
    "as_of": "As of",
    "known_at": "Known at (UTC)",
    "h100_tpp": "H100 divisor (TPP)",
    "notes": "Note",
}
"""What the sheet calls the parts of a basis."""


def workbook(sheets: Mapping[str, Any], basis: Mapping[str, Any], notice: str) -> bytes:
    """One sheet per table (`Rows`, or an Arrow table), by its name, and last the one about them.

    Raises Misconfigured where the package is not installed, BadQuery for what no sheet can hold.
    """
    try:
        import xlsxwriter  # an extra: most installations never write a workbook  # noqa: PLC0415
    except ModuleNotFoundError:
        raise Misconfigured("a workbook needs an extra: pip install 'tppq[xlsx]'", extra="xlsx") from None
    out = io.BytesIO()
    with xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        # not the time of writing: the same answer is the same file
        book.set_properties(
            {"created": _created(basis), "title": basis.get("question", ""), "comments": notice}
        )
        styles = {name: book.add_format(style) for name, style in _STYLES.items()}
        for name, table in sheets.items():
            _fill(book.add_worksheet(name), Rows.of(table), book, styles)
        about = book.add_worksheet(_ABOUT)
        about.set_column(0, 0, 22)
        about.set_column(1, 1, 100, styles["about"])
        for row, (name, text) in enumerate(_about(basis, notice)):
            about.write_string(row, 0, name, styles["head"])
            about.write_string(row, 1, text, styles["about"])
    return out.getvalue()


_STYLES: Mapping[str, Mapping[str, Any]] = {
    "head": {"bold": True, "valign": "top"},
    "about": {"text_wrap": True, "valign": "top"},
    # a figure stands apart from the text in the column after it, its heading above it and clear of the filter
    "figure head": {"bold": True, "valign": "top", "align": "right", "indent": 2},
    "day": {"num_format": "yyyy-mm-dd", "align": "left"},
}
_FIGURE: Mapping[str, Any] = {"align": "right", "indent": 1}


def _created(basis: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(basis["known_at"])).astimezone(UTC).replace(tzinfo=None)


def _about(basis: Mapping[str, Any], notice: str) -> Iterator[tuple[str, str]]:
    """What the figures stand on, a line each: what they are not, first."""
    yield "Not a legal balance", notice
    for key, value in basis.items():
        name = _TELLS.get(key, key)
        if isinstance(value, Mapping):
            for parameter, given in value.items():
                yield f"{name} {parameter}", "not given" if given is None else shown(given, thousands=False)
        elif isinstance(value, list):
            for each in value:
                yield name, shown(each, thousands=False)
        else:
            yield name, shown(value, thousands=False)
    yield "H100-equivalents", f"TPP / {basis['h100_tpp']:,}, rounded toward zero"
    yield "Days and times", "Days are effective days; instants are UTC, to the microsecond"


def _fill(sheet: Any, held: Rows, book: Any, styles: Mapping[str, Any]) -> None:
    if len(held.rows) > MOST_ROWS:
        raise BadQuery(
            f"{len(held.rows):,} rows are more than a sheet holds ({MOST_ROWS:,}): ask for less, or for csv "
            "or parquet",
            rows=len(held.rows),
        )
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    if held.rows:
        sheet.autofilter(0, 0, len(held.rows), len(held.names) - 1)
    columns, across = zip(*held.rows, strict=True) if held.rows else [()] * len(held.names), 0
    for place, (name, kind, values) in enumerate(zip(held.names, held.types, columns, strict=True)):
        figure = is_figure(kind)
        sheet.write_string(0, place, name, styles["figure head" if figure else "head"])
        number = book.add_format({"num_format": _number_format(kind), **(_FIGURE if figure else {})})
        longest = len(name) + 2 + figure  # room for the arrow of the filter
        for row, value in enumerate(values, start=1):
            if value is not None:
                text = value if type(value) is str else shown(value)  # most of what a workbook holds is text
                longest = max(longest, len(text) if text.isascii() else cell_len(text))
                _write(sheet, row, place, value, text, styles["day"] if type(value) is date else number)
        width = min(_WIDEST, longest + 2)
        sheet.set_column(place, place, width)
        across += width
    if across <= _ON_PAPER:
        sheet.fit_to_pages(1, 0)
    else:
        sheet.set_print_scale(_SMALL)
        sheet.repeat_columns(0)


def _number_format(kind: str) -> str:
    if not is_figure(kind):
        return "General"
    places = places_of(kind)
    return f"#,##0.{'0' * places}" if places else "#,##0"


def _write(sheet: Any, row: int, place: int, value: Any, text: str, style: Any) -> None:
    if value is text:
        _write_text(sheet, row, place, text)
    elif isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, (int, Decimal)) and len(str(value).lstrip("-")) <= _DIGITS:
        sheet.write_number(row, place, value, style)
    elif isinstance(value, float) and isfinite(value):
        # a float would be written with 16 digits, 99.9 as 99.90000000000001
        sheet.write_number(row, place, Decimal(repr(value)))
    elif type(value) is date and value > _BEFORE_ALL:
        sheet.write_datetime(row, place, datetime.combine(value, time.min), style)
    else:
        _write_text(sheet, row, place, text)


def _write_text(sheet: Any, row: int, place: int, text: str) -> None:
    if len(text) > MOST_LETTERS:
        raise BadQuery(
            f"row {row:,} has a text of {len(text):,} letters, and a cell holds {MOST_LETTERS:,}: ask for "
            "csv or parquet",
            row=row,
        )
    sheet.write_string(row, place, text)
