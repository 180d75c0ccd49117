"""Rows in every form: the same digits, nothing that a spreadsheet would run, and what they stand on."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from markdown_it import MarkdownIt

from ledger import render
from ledger.answer import Rows
from ledger.grid import Column, Grid
from ledger.settings import FORMATS

NOTICE = "not a legal balance"
BASIS = {
    "regime": "diffusion-2025",
    "seq": 18_204,
    "head_hash": "9f31c2e8" + "0" * 56,
    "as_of": "2026-11-21",
    "known_at": "2026-11-21T22:40:07.123456Z",
    "h100_tpp": 15_832,
}
SCHEMA = pa.schema([
    ("country", pa.string()),
    ("headroom_tpp", pa.int64()),
    ("headroom_h100e", pa.decimal128(18, 2)),
    ("used_percent", pa.decimal128(18, 1)),
    ("effective_on", pa.date32()),
    ("recorded_at", pa.timestamp("us")),
    ("fits", pa.bool_()),
    ("nothing", pa.null()),
])  # fmt: skip
MOST = 2**53 - 1
ROWS: list[dict[str, Any]] = [
    {
        "country": "=cmd|' /C calc'!A0",
        "headroom_tpp": -17_916_000,
        "headroom_h100e": Decimal("-1131.63"),
        "used_percent": Decimal("102.0"),
        "effective_on": date(2026, 2, 1),
        "recorded_at": datetime(2026, 11, 21, 22, 40, 7),  # noqa: DTZ001  # as the core answers: UTC, unmarked
        "fits": False,
        "nothing": None,
    },
    {
        "country": 'a|b, "c"',
        "headroom_tpp": MOST,
        "headroom_h100e": Decimal("0.00"),
        "used_percent": None,
        "effective_on": None,
        "recorded_at": datetime(2026, 11, 21, 22, 40, 7, 123_456),  # noqa: DTZ001  # likewise
        "fits": True,
        "nothing": None,
    },
]
TABLE = pa.Table.from_pylist(ROWS, SCHEMA)


def as_bytes(form: str, table: pa.Table = TABLE) -> bytes:
    return render.rows_as(form, table, BASIS, NOTICE)


def test_json_is_one_object_with_whole_numbers_and_all_decimals() -> None:
    said = as_bytes("json")
    assert json.loads(said)["basis"] == BASIS
    assert b'"headroom_tpp":-17916000,"headroom_h100e":-1131.63,"used_percent":102.0' in said
    assert b'"headroom_tpp":9007199254740991,"headroom_h100e":0.00,"used_percent":null' in said
    assert b'"effective_on":"2026-02-01","recorded_at":"2026-11-21T22:40:07.000000Z","fits":false' in said
    assert said.endswith(b"}\n")


def test_ndjson_is_one_object_a_line() -> None:
    lines = as_bytes("ndjson").splitlines()
    assert [json.loads(line) for line in lines] == json.loads(as_bytes("json"))["rows"]


def test_json_has_arrays_and_objects_with_the_same_figures_and_days_in_them() -> None:
    kind = pa.struct([("on", pa.date32()), ("at", pa.list_(pa.timestamp("us")))])
    moment = datetime(2026, 11, 21, 22, 40, 7)  # noqa: DTZ001  # as the core answers: UTC, unmarked
    table = pa.table({
        "whole": pa.array([[MOST + 2, None]], pa.list_(pa.int64())),
        "exact": pa.array([[Decimal("1.50"), Decimal(10**30)]], pa.list_(pa.decimal128(38, 2))),
        "days": pa.array([{"on": date(2026, 2, 1), "at": [moment, None]}], kind),
        "by_name": pa.array([[("a", [True])]], pa.map_(pa.string(), pa.list_(pa.bool_()))),
    })  # fmt: skip
    assert as_bytes("ndjson", table).decode() == (
        f'{{"whole":[9007199254740993,null],"exact":[1.50,1{"0" * 30}.00],'
        '"days":{"on":"2026-02-01","at":["2026-11-21T22:40:07.000000Z",null]},"by_name":{"a":[true]}}\n'
    )


@pytest.mark.parametrize(("form", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_separated_values_keep_every_digit_and_run_no_formula(form: str, delimiter: str) -> None:
    names, first, second = csv.reader(io.StringIO(as_bytes(form).decode()), delimiter=delimiter)
    assert names == SCHEMA.names
    moment = "2026-11-21T22:40:07.000000Z"
    assert first == [
        *("'=cmd|' /C calc'!A0", "-17916000", "-1131.63", "102.0", "2026-02-01", moment, "false", ""),
    ]
    assert second[:4] == ['a|b, "c"', "9007199254740991", "0.00", ""]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\ta", "\ra"])
def test_every_way_to_begin_a_formula_is_held_back(text: str) -> None:
    table = pa.table({"reference": pa.array([text])})
    written = as_bytes("csv", table).decode()
    assert written.replace('"', "") == f"reference\n'{text}\n"  # Python 3.13 puts \r between quotes


@pytest.mark.parametrize(
    "text",
    [
        "*Star* _under_ __both__ a_b", "![image](http://example.org/x.png) [link](x)", "~~gone~~ `code`",
        "&lt;b&gt; &#60; A&B", "<b>bold</b>", "C:\\folder\\* | pipe", "lic_no_1 *",
    ],
)  # fmt: skip
def test_markdown_shows_a_text_as_it_was_written(text: str) -> None:
    written = as_bytes("md", pa.table({"consignee": pa.array([text])})).decode()
    shown = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(written)
    cells = [each.children or [] for each in shown if each.type == "inline"]
    assert {child.type for child in cells[1]} <= {"text", "text_special"}
    assert "".join(child.content for child in cells[1]) == text


def test_markdown_is_a_table_with_what_it_stands_on() -> None:
    heads, marks, first, second, blank, regime, times = as_bytes("md").decode().splitlines()
    assert heads.startswith("| country | headroom_tpp |")
    assert marks.startswith("| :--- | ---: | ---: | ---: | :--- |")
    assert first.startswith("| =cmd\\|' /C calc'!A0 | -17,916,000 | -1,131.63 | 102.0 | 2026-02-01 |")
    assert second.startswith('| a\\|b, "c" | 9,007,199,254,740,991 | 0.00 |  |')
    assert (blank, regime) == (
        "",
        "Regime diffusion-2025 (not a legal balance). H100e = TPP / 15,832, rounded down.",
    )
    assert times == "As of 2026-11-21, known at 2026-11-21 22:40:07Z · entry 18,204 · head 9f31c2e8"


def test_a_workbook_has_numbers_a_frozen_head_and_says_what_it_stands_on() -> None:
    with zipfile.ZipFile(io.BytesIO(as_bytes("xlsx"))) as book:
        rows, about = (book.read(f"xl/worksheets/sheet{number}.xml").decode() for number in (1, 2))
        words = book.read("xl/sharedStrings.xml").decode()
    assert "<v>-17916000</v>" in rows
    assert "<v>-1131.63</v>" in rows
    assert "<v>9007199254740991</v>" not in rows  # more digits than a workbook shows: kept as text
    assert "9,007,199,254,740,991" in words
    assert "<f>" not in rows
    assert 'topLeftCell="A2" activePane="bottomLeft" state="frozen"' in rows
    assert about.count("<row ") == len(BASIS) + 3
    assert NOTICE in words
    assert "2026-11-21T22:40:07.123456Z" in words


def test_parquet_and_arrow_keep_types_and_carry_the_basis() -> None:
    parquet = pq.read_table(io.BytesIO(as_bytes("parquet")))
    arrow = pa.ipc.open_file(as_bytes("arrow")).read_all()
    for table in (parquet, arrow):
        assert json.loads(table.schema.metadata[b"tppq"]) == {"basis": BASIS, "notice": NOTICE}
        assert table.schema.field("recorded_at").type == pa.timestamp("us", "UTC")
        assert table.column("headroom_tpp").to_pylist() == [-17_916_000, MOST]
        assert table.column("headroom_h100e").to_pylist() == [Decimal("-1131.63"), Decimal("0.00")]


def test_others_read_what_is_written() -> None:
    assert pd.read_csv(io.BytesIO(as_bytes("csv")))["headroom_tpp"].tolist() == [-17_916_000, MOST]
    assert pl.read_ipc(as_bytes("arrow"))["headroom_tpp"].to_list() == [-17_916_000, MOST]
    assert pl.read_parquet(as_bytes("parquet"))["country"].to_list() == [row["country"] for row in ROWS]


@pytest.mark.parametrize("form", [form for form in FORMATS if form not in ("table", "plain")])
def test_no_rows_are_written_as_no_rows(form: str) -> None:
    said = as_bytes(form, TABLE.slice(0, 0))
    if form in ("csv", "tsv"):
        assert said.count(b"\n") == 1
    elif form == "json":
        assert json.loads(said)["rows"] == []
    elif form == "ndjson":
        assert said == b""
    elif form == "md":
        title, ruler = said.decode().strip().splitlines()[:2]
        assert (title[:3], set(ruler), said.count(b"\n|")) == ("| c", set("|-: "), 1)
    elif form == "xlsx":
        with zipfile.ZipFile(io.BytesIO(said)) as book:
            assert book.read("xl/worksheets/sheet1.xml").count(b"<row ") == 1
    else:
        table = pq.read_table(io.BytesIO(said)) if form == "parquet" else pa.ipc.open_file(said).read_all()
        assert (table.num_rows, table.column_names) == (0, TABLE.column_names)


def test_what_is_no_value_of_an_answer_is_a_bug() -> None:
    with pytest.raises(TypeError, match="object"):
        render.as_json({"what": object()})


COMMANDS = "a\x1b[2Jb\x07\x9b31m\u202ec\nd\x7f"
SHOWN = "a␛[2Jb␇\\u009b31m\\u202ec␊d␡"


@pytest.mark.parametrize("width", [20, 200])
def test_nothing_that_is_shown_commands_a_terminal(width: int) -> None:
    titled = Column(COMMANDS, "name", titles=True)
    columns = [titled, Column("Why", "words"), Column("By", "name")]
    screen: list[Grid | str] = [Grid(columns, [[COMMANDS, "words", COMMANDS]], ["", COMMANDS, ""]), COMMANDS]
    out = io.StringIO()
    render.print_table(screen, out, width)
    for text in (out.getvalue(), render.plain(screen)):
        assert all(character == "\n" or character.isprintable() for character in text)
        assert SHOWN in text


def test_programs_are_given_what_was_kept_and_json_by_codes_that_say_it() -> None:
    rows = Rows(("reason",), ("string",), [(COMMANDS,)])
    csv_text = render.rows_as("csv", rows, {}, "").decode()
    assert next(csv.reader(io.StringIO(csv_text.split("\n", 1)[1], newline=""))) == [COMMANDS]
    said = {"json": {"basis": {}, "rows": [{"reason": COMMANDS}]}, "ndjson": {"reason": COMMANDS}}
    for form, whole in said.items():
        written = render.rows_as(form, rows, {}, "").decode()
        assert written.removesuffix("\n").isprintable()
        assert json.loads(written) == whole
    at_a_terminal = render.at_a_terminal(csv_text.encode()).decode()
    assert at_a_terminal == f'reason\n"{SHOWN.replace("␊", chr(10))}"\n'
    as_text = SHOWN.replace("\\", "\\\\").replace("[", "\\[").replace("␊", " ")
    assert as_text in render.rows_as("md", rows, BASIS, "").decode()
