"""Layouts: whatever the width, no figure and no name is cut or wrapped."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ledger.grid import Column, Grid, lines, plain_lines, wrapped

COLUMNS = [
    Column("", "name", titles=True),
    Column("Country", "words", may_go=True, titles=True),
    Column("State", "name"),
    Column("Allocated TPP", "figure"),
    Column("Headroom TPP", "figure"),
]
ROWS = [
    ["AE", "United Arab Emirates", "critical", "790,000,000", "6,005,600"],
    ["BA", "Bosnia and Herzegovina", "open", "790,000,000", "790,000,000"],
]
GRID = Grid(COLUMNS, ROWS, ["", "2 of 158 countries", "", "1,580,000,000", "796,005,600"])


def text(grid: Grid, width: int | None, *, ruled: bool = False) -> list[str]:
    if width is None:
        return list(plain_lines(grid))
    return ["".join(span.text for span in line) for line in lines(grid, width, ruled=ruled)]


def test_where_there_is_room_each_row_is_a_line() -> None:
    assert text(GRID, None) == [
        "    Country                 State     Allocated TPP  Headroom TPP",
        "AE  United Arab Emirates    critical    790,000,000     6,005,600",
        "BA  Bosnia and Herzegovina  open        790,000,000   790,000,000",
        "    2 of 158 countries                1,580,000,000   796,005,600",
    ]


def test_words_wrap_before_anything_else_gives_way() -> None:
    assert text(GRID, 57) == [
        "    Country         State     Allocated TPP  Headroom TPP",
        "AE  United Arab     critical    790,000,000     6,005,600",
        "    Emirates",
        "BA  Bosnia and      open        790,000,000   790,000,000",
        "    Herzegovina",
        "    2 of 158                  1,580,000,000   796,005,600",
        "    countries",
    ]


def test_then_columns_of_words_are_left_out_but_not_what_the_total_says() -> None:
    assert text(GRID, 42) == [
        "    State     Allocated TPP  Headroom TPP",
        "AE  critical    790,000,000     6,005,600",
        "BA  open        790,000,000   790,000,000",
        "2 of 158 countries",
        "              1,580,000,000   796,005,600",
    ]


def test_then_each_row_becomes_a_card() -> None:
    assert text(GRID, 32) == [
        "AE  United Arab Emirates",
        "    State              critical",
        "    Allocated TPP   790,000,000",
        "    Headroom TPP      6,005,600",
        "BA  Bosnia and Herzegovina",
        "    State                  open",
        "    Allocated TPP   790,000,000",
        "    Headroom TPP    790,000,000",
        "2 of 158 countries",
        "    Allocated TPP 1,580,000,000",
        "    Headroom TPP    796,005,600",
    ]


def test_at_last_a_figure_stands_below_its_heading() -> None:
    assert text(GRID, 20)[4:8] == [
        "    Allocated TPP",
        "         790,000,000",
        "    Headroom TPP",
        "           6,005,600",
    ]


def test_an_empty_grid_is_no_line() -> None:
    assert text(Grid(COLUMNS, []), 80) == text(Grid(COLUMNS, []), None) == []


def test_a_grid_without_headings_has_no_heading_line() -> None:
    grid = Grid([Column("", "words"), Column("", "figure")], [["asked", "5"]], indent="  ")
    assert text(grid, 40, ruled=True) == text(grid, None) == ["  asked  5"]


def test_a_rule_is_drawn_as_wide_as_the_table() -> None:
    heading, rule, *_ = text(GRID, 80, ruled=True)
    assert len(rule) == len(heading)
    assert set(rule) == {"─"}


def test_a_wide_character_counts_as_two() -> None:
    grid = Grid([Column("", "words"), Column("", "figure")], [["日本", "5"], ["Japan", "5"]])
    assert text(grid, None) == ["日本   5", "Japan  5"]


WORDS = st.text("abcdefghijklmnopqrstuvwxyz ,.", max_size=40).map(str.strip)
FIGURES = st.integers(-(2**53), 2**53).map("{:,}".format)


def test_plain_text_is_the_table_without_its_rule() -> None:
    assert text(GRID, None) == text(GRID, 200)


@given(
    rows=st.lists(st.tuples(WORDS, FIGURES, FIGURES, FIGURES), min_size=1, max_size=6),
    width=st.sampled_from([40, 60, 80, 120]),
)
def test_no_figure_is_cut_or_wrapped_at_any_width(rows: list[tuple[str, ...]], width: int) -> None:
    columns = [
        Column("Country", "words", titles=True),
        Column("Allocated TPP", "figure"),
        Column("Headroom TPP", "figure"),
        Column("Equivalents", "figure"),
    ]
    shown = text(Grid(columns, rows), width)
    found = re.findall(r"-?\d(?:[\d,]*\d)?", "\n".join(shown))
    assert sorted(found) == sorted(figure for row in rows for figure in row[1:])
    assert all(cell_len(line) <= width for line in shown)


@given(sentence=WORDS, width=st.integers(1, 60))
def test_a_sentence_breaks_between_words_only(sentence: str, width: int) -> None:
    broken = wrapped(sentence, width)
    assert " ".join(broken).split() == sentence.split()
    assert all(len(line) <= width or " " not in line for line in broken)


@pytest.mark.parametrize("width", [20, None])
def test_a_sentence_keeps_its_indentation(width: int | None) -> None:
    assert wrapped("  Nothing was reserved.", 12) == ["  Nothing", "  was", "  reserved."]
    assert wrapped("  kept", width) == ["  kept"]


def test_a_card_without_a_title_is_headed_by_its_first_cell() -> None:
    columns = [Column("Seq", "figure"), Column("By", "name", titles=True), Column("TPP", "figure")]
    grid = Grid(columns, [["17", "", "790,000,000"], ["18", "maria", "5"], ["", "", "6"], ["", "", ""]])
    assert text(grid, 20) == [
        "Seq 17",
        "    TPP 790,000,000",
        "maria",
        "    Seq          18",
        "    TPP           5",
        "TPP 6",
    ]


@pytest.mark.parametrize("other", ["open", "critical, blocked, and for a long time"])
def test_a_cell_keeps_its_style_on_a_card(other: str) -> None:
    columns = [
        Column("", "name", titles=True),
        Column("State", "name", styles={"overdrawn": "red"}),
        Column("Allocated TPP", "figure"),
    ]
    grid = Grid(columns, [["SA", "overdrawn, blocked", "790,000,000"], ["IS", other, "790,000,000"]])
    spans = [span for line in lines(grid, 30, ruled=False) for span in line]
    assert [span.text for span in spans if span.style == "red"] == ["overdrawn, blocked"]
