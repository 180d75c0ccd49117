"""Workbooks, read as the parts that they are made of: what a spreadsheet will find in each cell."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pyarrow as pa
import pytest

from ledger import BadQuery, workbook
from ledger.answer import Rows
from ledger.cells import is_figure, places_of, shown

BASIS: dict[str, Any] = {
    "report": "pace",
    "question": "Does a country use its quota faster than the period passes, month by month?",
    "parameters": {"country": "AE", "months": None},
    "regime": "diffusion-2025",
    "seq": 18_204,
    "head_hash": "9f31c2e8" * 8,
    "as_of": "2026-11-21",
    "known_at": "2026-11-21T22:40:07.123456Z",
    "h100_tpp": 15_832,
    "notes": ["One thing.", "Another."],
}
NOTICE = "announced as rescinded, not enforced; not a legal balance"
MOST = 2**53 - 1
HELD = Rows(
    ("country", "headroom_tpp", "headroom_h100e", "on_day", "recorded_at", "fits", "share", "reference"),
    ("string", "int64", "decimal128(18, 2)", "date32[day]", "timestamp[us]", "bool", "double", "string"),
    [
        (
            "AE", -17_916_000, Decimal("-1131.63"), date(2026, 2, 1),
            datetime(2026, 11, 21, 22, 40, 7, 5), False, 0.25, "=cmd|' /C calc'!A0",  # noqa: DTZ001  # as the core answers: UTC, unmarked
        ),
        ("SA", MOST, None, None, None, None, float("nan"), None),
    ],
)  # fmt: skip
SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


class Read:
    """A workbook's sheets, cell by cell: what is in it, and in which number format."""

    def __init__(self, data: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            self.parts = {name: book.read(name).decode() for name in book.namelist() if name.endswith("xml")}
        words = ET.fromstring(self.parts["xl/sharedStrings.xml"])  # noqa: S314  # written a moment ago
        self.words = ["".join(each.itertext()) for each in words]
        styles = ET.fromstring(self.parts["xl/styles.xml"])  # noqa: S314  # likewise
        own = {each.get("numFmtId"): each.get("formatCode") for each in styles.iter(f"{SPREADSHEET}numFmt")}
        built_in = {"0": "General", "3": "#,##0", "4": "#,##0.00"}
        self.formats = [
            (built_in | own)[each.get("numFmtId")]
            for each in styles.iterfind(f"{SPREADSHEET}cellXfs/{SPREADSHEET}xf")
        ]
        self.names = re.findall(r'<sheet name="([^"]*)"', self.parts["xl/workbook.xml"])

    def cells(self, sheet: int) -> dict[str, tuple[Any, str]]:
        found: dict[str, tuple[Any, str]] = {}
        root = ET.fromstring(self.parts[f"xl/worksheets/sheet{sheet}.xml"])  # noqa: S314  # likewise
        for cell in root.iter(f"{SPREADSHEET}c"):
            value = cell.findtext(f"{SPREADSHEET}v") or ""
            held: Any = self.words[int(value)] if cell.get("t") == "s" else float(value)
            if cell.get("t") == "b":
                held = value == "1"
            found[str(cell.get("r"))] = (held, str(self.formats[int(cell.get("s") or 0)]))
            assert cell.find(f"{SPREADSHEET}f") is None
        return found


@pytest.fixture(scope="module")
def read() -> Read:
    return Read(workbook.workbook({"Rows": HELD}, BASIS, NOTICE))


def test_numbers_are_numbers_in_a_format_with_all_their_places(read: Read) -> None:
    cells = read.cells(1)
    assert cells["B2"] == (-17_916_000, "#,##0")
    assert cells["C2"] == (-1131.63, "#,##0.00")
    assert cells["D2"] == (46_054, "yyyy-mm-dd")  # days since the end of 1899, as spreadsheets count
    assert cells["F2"][0] is False
    assert cells["G2"][0] == 0.25


def test_what_a_number_cannot_hold_is_text_and_nothing_is_a_formula(read: Read) -> None:
    cells = read.cells(1)
    assert cells["B3"][0] == "9,007,199,254,740,991"
    assert cells["E2"][0] == "2026-11-21T22:40:07.000005Z"
    assert cells["G3"][0] == "nan"
    assert cells["H2"][0] == "=cmd|' /C calc'!A0"
    assert not {"C3", "D3", "E3", "F3", "H3"} & cells.keys()


def test_a_figure_is_written_with_the_digits_that_it_has() -> None:
    held = Rows(
        ("percent", "share", "tpp"),
        ("decimal128(18, 1)", "double", "int64"),
        [
            (Decimal("99.9"), 99.9, 870_760_000),
            (Decimal("0.0"), 1e300, -1),
            (Decimal("-1234567890.1"), 1e-7, 0),
        ],
    )
    sheet = Read(workbook.workbook({"Rows": held}, BASIS, NOTICE)).parts["xl/worksheets/sheet1.xml"]
    written = re.findall(r'<c r="([ABC][0-9])"(?: s="[0-9]+")?><v>([^<]*)</v>', sheet)
    assert [(cell, Decimal(text)) for cell, text in written] == [
        (f"{'ABC'[place]}{row}", Decimal(str(value)))
        for row, values in enumerate(held.rows, start=2)
        for place, value in enumerate(values)
    ]


def test_a_day_before_the_calendar_of_workbooks_is_text() -> None:
    held = Rows(("on",), ("date32[day]",), [(date(1900, 1, 1),), (date(1900, 1, 2),)])
    cells = Read(workbook.workbook({"Rows": held}, BASIS, NOTICE)).cells(1)
    assert (cells["A2"][0], cells["A3"]) == ("1900-01-01", (2, "yyyy-mm-dd"))


def test_the_header_stays_and_filters(read: Read) -> None:
    sheet = read.parts["xl/worksheets/sheet1.xml"]
    assert 'topLeftCell="A2" activePane="bottomLeft" state="frozen"' in sheet
    assert '<autoFilter ref="A1:H3"/>' in sheet
    assert [read.cells(1)[f"{letter}1"][0] for letter in "ABCDEFGH"] == list(HELD.names)


def test_figures_stand_apart_from_the_text_beside_them_and_their_headings_above_them(read: Read) -> None:
    styles = read.parts["xl/styles.xml"]
    assert '<alignment horizontal="right" indent="1"/>' in styles
    assert '<alignment horizontal="right" vertical="top" indent="2"/>' in styles
    assert '<alignment horizontal="left"/>' in styles  # of days, which would stand right otherwise


@pytest.mark.parametrize(("columns", "fits"), [(4, True), (5, False)])
def test_what_is_too_wide_to_be_read_on_one_page_is_printed_on_several(columns: int, *, fits: bool) -> None:
    held = Rows(tuple(map(str, range(columns))), ("string",) * columns, [("x" * 58,) * columns])
    sheet = Read(workbook.workbook({"Rows": held}, BASIS, NOTICE)).parts["xl/worksheets/sheet1.xml"]
    assert ("fitToPage" in sheet) == fits
    assert ('scale="60"' in sheet) != fits


def test_a_column_is_as_wide_as_wide_letters_take() -> None:
    held = Rows(("a", "b"), ("string", "string"), [("x" * 20, "\u682a" * 20)])
    sheet = Read(workbook.workbook({"Rows": held}, BASIS, NOTICE)).parts["xl/worksheets/sheet1.xml"]
    widths = [float(each) for each in re.findall(r'<col min="." max="." width="([0-9.]+)"', sheet)]
    assert [int(each) for each in widths] == [22, 42]


def test_the_last_sheet_says_what_the_figures_stand_on_and_are_not(read: Read) -> None:
    cells = read.cells(2)
    told = [(cells[f"A{row}"][0], cells[f"B{row}"][0]) for row in range(1, len(cells) // 2 + 1)]
    assert read.names == ["Rows", "About"]
    assert told[0] == ("Not a legal balance", NOTICE)
    assert dict(told) | {"Note": ""} == {
        "Not a legal balance": NOTICE, "Report": "pace", "Question": BASIS["question"],
        "Parameter country": "AE", "Parameter months": "not given", "Regime": "diffusion-2025",
        "Last entry": "18204", "Head hash": BASIS["head_hash"], "As of": "2026-11-21",
        "Known at (UTC)": "2026-11-21T22:40:07.123456Z", "H100 divisor (TPP)": "15832", "Note": "",
        "H100-equivalents": "TPP / 15,832, rounded toward zero",
        "Days and times": "Days are effective days; instants are UTC, to the microsecond",
    }  # fmt: skip
    assert [text for name, text in told if name == "Note"] == ["One thing.", "Another."]


def test_the_same_answer_is_the_same_file_whenever_it_is_written(read: Read) -> None:
    assert workbook.workbook({"Rows": HELD}, BASIS, NOTICE) == workbook.workbook(
        {"Rows": HELD}, BASIS, NOTICE
    )
    assert "2026-11-21T22:40:07Z" in read.parts["docProps/core.xml"]


def test_an_arrow_table_makes_the_same_sheet() -> None:
    table = pa.table(
        {"country": ["AE"], "tpp": [5], "h100e": pa.array([Decimal("0.10")], pa.decimal128(9, 2))}
    )
    cells = Read(workbook.workbook({"Rows": table}, BASIS, NOTICE)).cells(1)
    assert (cells["B2"], cells["C2"]) == ((5, "#,##0"), (0.1, "#,##0.00"))


def test_several_tables_are_several_sheets_also_without_rows() -> None:
    empty = Rows(HELD.names, HELD.types, [])
    read = Read(workbook.workbook({"Breaks": HELD, "None": empty}, BASIS, NOTICE))
    assert read.names == ["Breaks", "None", "About"]
    assert len(read.cells(2)) == len(HELD.names)


def test_more_rows_than_a_sheet_holds_are_refused_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 1)
    with pytest.raises(BadQuery, match=r"2 rows are more than a sheet holds \(1\): ask for less, or for csv"):
        workbook.workbook({"Rows": HELD}, BASIS, NOTICE)


def test_a_text_longer_than_a_cell_is_refused_not_cut() -> None:
    held = Rows(("reason",), ("string",), [("x" * 32_767,), ("x" * 32_768,)])
    with pytest.raises(BadQuery, match="row 2 has a text of 32,768 letters, and a cell holds 32,767"):
        workbook.workbook({"Rows": held}, BASIS, NOTICE)


@pytest.mark.parametrize(
    ("kind", "figure", "places"),
    [
        ("int64", True, 0), ("decimal128(18, 2)", True, 2), ("decimal128(38, 0)", True, 0),
        ("double", True, 0), ("string", False, 0), ("date32[day]", False, 0), ("bool", False, 0),
        ("timestamp[us]", False, 0), ("list<item: int64>", False, 0),
    ],
)  # fmt: skip
def test_a_type_says_whether_it_is_a_figure_and_with_how_many_places(
    kind: str, *, figure: bool, places: int
) -> None:
    assert (is_figure(kind), places_of(kind)) == (figure, places)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (True, "true"), (-1_234_567, "-1,234,567"), (Decimal("1234.50"), "1,234.50"),
        (date(2026, 2, 1), "2026-02-01"), (["a", 1], '["a",1]'), ("as it is", "as it is"),
        (datetime(2026, 11, 21, 22, 40, 7), "2026-11-21T22:40:07.000000Z"),  # noqa: DTZ001  # as the core answers
    ],
)  # fmt: skip
def test_a_value_reads_the_same_everywhere(value: Any, text: str) -> None:
    assert shown(value) == text
