"""What a person sees of a ready report and of a forecast: grids and sentences for a width.

Pure: an answer in, a screen out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from ledger.answer import Answer, Rows
from ledger.cells import is_figure, shown
from ledger.grid import Column, Grid
from ledger.screens import STATES, Screen, figure

_WORDS = frozenset({
    "country_name", "consignee", "device_name", "detail", "reason", "about", "question", "source", "filer",
    "parent", "exporter", "parameters", "key",
})  # fmt: skip
"""Columns that hold words, which may wrap; the others are names and figures, which never do."""

_MAY_GO = frozenset({"country_name", "device_name", "about", "source", "detail"})
_TITLES = frozenset({"seq", "country", "license_no", "name", "what", "month", "quarter", "report"})
_LONG = {
    "tpp": "TPP", "h100e": "H100e", "p10": "P10", "p50": "P50", "p90": "P90", "hhi": "HHI", "no": "no.",
    "at": "", "percent": "%",
}  # fmt: skip


def listed(answer: Answer) -> Screen:
    """Every ready report: its number and name, its question, what it takes, and a sentence about it."""
    columns = [
        Column("No.", "figure", titles=True), Column("Report", "name", titles=True),
        Column("Question", "words"), Column("Takes", "words"), Column("About", "words", may_go=True),
    ]  # fmt: skip
    cells = [
        [figure(row["number"]), row["name"], row["question"], row["parameters"], row["about"]]
        for row in answer
    ]
    how = "tppq report NAME --param KEY=VALUE ...; a parameter without a value of its own must be given."
    return [Grid(columns, cells), "", how]


def report(answer: Answer) -> Screen:
    """The question, its rows, and what a reader must know."""
    basis = answer.basis
    given = ", ".join(
        f"{_words(name)} {shown(value)}" for name, value in basis["parameters"].items() if value is not None
    )
    screen: Screen = [f"{basis['question']}{f'  ({given})' if given else ''}", ""]
    screen.append(rows(answer.held) if len(answer) else "None.")
    return [*screen, *(line for note in basis["notes"] for line in ("", note))]


def rows(held: Rows) -> Grid:
    """Rows of any columns, laid out by what their names and types say."""
    columns = [_column(name, kind) for name, kind in zip(held.names, held.types, strict=True)]
    return Grid(columns, [list(map(shown, row)) for row in held.rows])


def _column(name: str, kind: str) -> Column:
    sort: Literal["figure", "name", "words"] = "words" if name in _WORDS else "name"
    styles = STATES if name.endswith("state") else {}
    return Column(
        _heading(name), "figure" if is_figure(kind) else sort, may_go=name in _MAY_GO, titles=name in _TITLES,
        styles=styles,
    )  # fmt: skip


def _heading(name: str) -> str:
    """`outstanding_h100e` as a heading: Outstanding H100e."""
    words = _words(name)
    return words[:1].upper() + words[1:]


def _words(name: str) -> str:
    parts = (_LONG.get(part, part) for part in name.split("_"))
    return " ".join(filter(None, parts))


def forecast(answer: Answer, *, one: bool) -> Screen:
    """The days by which quotas are critical and used up: one at each run-rate, or all at the longest."""
    found = answer.rows()
    if not found:
        return ["No quota, no forecast."]
    return _of_one(found, answer.basis) if one else _of_all(found, answer.basis)


_DATES = [Column(f"P{tenths}0", "name") for tenths in (1, 5, 9)]


def _of_one(found: Sequence[Mapping[str, Any]], basis: Mapping[str, Any]) -> Screen:
    first = found[0]
    stands = [
        ["allocated", figure(first["allocated_tpp"])], ["used", figure(first["used_tpp"])],
        ["exported, or likely to be of what is licensed", figure(first["expected_tpp"])],
    ]  # fmt: skip
    columns = [
        Column("Used %", "figure", titles=True), Column("Run-rate", "name", titles=True),
        Column("Draws", "figure"), Column("TPP a day", "figure"), Column("Outcome", "name"), *_DATES,
        Column("Not in period %", "figure"),
    ]  # fmt: skip
    cells = [
        [
            str(row["percent"]), row["run_rate"], figure(row["draws"]), figure(row["daily_tpp"]),
            row["outcome"], *_dates(row), _share(row["not_in_period_percent"]),
        ]
        for row in found
    ]  # fmt: skip
    return [
        f"{first['country_name']} ({first['country']})",
        Grid([Column("", "words"), Column("", "figure")], stands, indent="  "), "",
        Grid(columns, cells), "", _explained(basis), _last_quarter(first),
    ]  # fmt: skip


def _of_all(found: Sequence[Mapping[str, Any]], basis: Mapping[str, Any]) -> Screen:
    longest = [row for row in found if row["run_rate"] == "since opening"]
    telling = [row for row in longest if row["outcome"] in ("dated", "not in period")]
    telling.sort(key=lambda row: (row["p50_on"] is None, str(row["p50_on"]), row["not_in_period_percent"]))
    columns = [
        Column("", "name", titles=True), Column("Country", "words", titles=True),
        Column("Used %", "figure", titles=True), Column("Draws", "figure"), Column("TPP a day", "figure"),
        Column("Outcome", "name"), *_DATES, Column("Not in period %", "figure"),
        Column("Last quarter off by TPP", "figure", may_go=True),
    ]  # fmt: skip
    cells = [
        [
            row["country"], row["country_name"], str(row["percent"]), figure(row["draws"]),
            figure(row["daily_tpp"]), row["outcome"], *_dates(row), _share(row["not_in_period_percent"]),
            "" if row["last_quarter_error_tpp"] is None else figure(row["last_quarter_error_tpp"]),
        ]
        for row in telling
    ]  # fmt: skip
    counts = Counter(row["outcome"] for row in longest if row not in telling)
    left_out = ", ".join(f"{count:,} {word}" for word, count in sorted(counts.items()))
    screen: Screen = [Grid(columns, cells) if cells else "No date can be told.", ""]
    if left_out:
        screen.append(f"At the run-rate since the opening. Left out, of {len(longest):,}: {left_out}.")
    return [*screen, _explained(basis)]


def _dates(row: Mapping[str, Any]) -> list[str]:
    return ["" if row[f"p{tenths}0_on"] is None else str(row[f"p{tenths}0_on"]) for tenths in (1, 5, 9)]


def _share(percent: Decimal | None) -> str:
    return "" if percent is None else str(percent)


def _explained(basis: Mapping[str, Any]) -> str:
    return (
        "P10, P50, P90: the days by which 10, 50 and 90 of 100 drawn futures are there; "
        f"{basis['futures']:,} are drawn. Below {basis['least_draws']} draws no date is told. What is "
        "blocked stays blocked in them."
    )


def _last_quarter(row: Mapping[str, Any]) -> str:
    if row["last_quarter_error_tpp"] is None:
        return "A quarter ago too little was known for a forecast of today."
    off, within = row["last_quarter_error_tpp"], "within" if row["last_quarter_within"] else "outside"
    return (
        f"A quarter ago, {row['last_quarter_p50_tpp']:,} TPP was forecast as used by today: off by {off:,}, "
        f"{within} its P10 to P90."
    )
