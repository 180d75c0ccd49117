"""What is said about a feed, its header or a cell, that is not as its layout has it.

Pure: no file and no database is touched here. What makes an entry whole is asked of `model`, so that a file
and a program are held to one definition; `feed_staging` finds the cells, this module finds the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import NamedTuple

from ledger.feed_layout import LONGEST, POSTING, Column, Layout, Sort
from ledger.model import MOST_TPP, Kind, whole_entry_faults
from ledger.text import clean_text, length


class Fault(NamedTuple):
    """One thing that is wrong in a file; `line` is None where the file as a whole is meant.

    `value` is fit to be shown: cut where it is long, escaped where it cannot be printed.
    """

    path: str
    line: int | None
    column: str | None
    value: str | None
    reason: str


Found = tuple[int, tuple[int, str | None, str | None, str]]
"""What is wrong in a row: its place in the file from 0; then line, column, value and reason of the fault."""

NOT_AN_OBJECT = "is not one JSON object on one line"
NOTHING = "has nothing in it: remove the line"
_INTEGERS = frozenset(
    f"{sign}{name}" for sign in ("", "U") for name in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
)
_DAYS = frozenset({"DATE"})
_PARQUET: Mapping[Sort, frozenset[str]] = {
    "whole": _INTEGERS, "count": _INTEGERS, "day": _DAYS, "local_day": _DAYS,
}  # fmt: skip
_WANTED: Mapping[Sort, str] = {
    "whole": "whole numbers as integers", "count": "whole numbers as integers", "day": "days as DATE",
    "local_day": "days as DATE, or instants as text",
}  # fmt: skip
_JSON = {"BOOLEAN": "true or false", "ARRAY": "a list", "OBJECT": "an object"}
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_PARTS = ("", "tenth", "hundredth", "thousandth")
# Thousands parted by any one mark (in India also hundreds, by commas), and perhaps a fraction of zeros.
_GROUPED = re.compile(
    r"(?P<digits>[1-9][0-9]{0,2}(?P<mark>[ ,.'_\u2019\u00a0\u2009\u202f])"
    r"(?:[0-9]{3}(?P=mark)|(?<=,)[0-9]{2},)*[0-9]{3})(?P<end>(?:[.,]0*)?)"
)


def shown(value: str) -> str:
    """`value` as a message may hold it: on one line, printable, and short."""
    short = value if len(value) <= 60 else value[:59] + "…"
    return short if short.isprintable() else repr(short)[1:-1]


def summary(path: str, faults: Sequence[Fault]) -> str:
    """How many faults a file has, and the first of them, in one sentence."""
    first = faults[0]
    place = "" if first.line is None else f"line {first.line}: "
    said = place + " ".join(part for part in (first.column, first.reason) if part)
    many = f"{len(faults):,} faults, the first: " if len(faults) > 1 else "a fault: "
    return f"{path} has {many}{said}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that was most likely meant."""
    return next(iter(get_close_matches(word.strip().lower(), list(known), n=1, cutoff=0.6)), None)


def column_faults(names: Sequence[str], layout: Layout = POSTING) -> list[tuple[str, str]]:
    """What is wrong with these names of columns: (column, reason) pairs. None is missing here."""
    faults = []
    for place, name in enumerate(names, start=1):
        if not name:
            faults.append((f"column {place}", "has no name"))
        elif name not in layout.columns:
            meant = nearest(name, layout.names)
            hint = f"did you mean {meant}?" if meant else f"the columns are {', '.join(layout.names)}"
            faults.append((shown(name), f"is not a column of this feed: {hint}"))
        elif name in names[: place - 1]:
            faults.append((name, "is given twice"))
    return faults


def header_faults(names: Sequence[str], layout: Layout = POSTING) -> list[tuple[str | None, str]]:
    """What is wrong with a header line, or with the columns of a Parquet file: (column, reason) pairs."""
    if len(names) == 1 and (other := next((mark for mark in ";\t|" if mark in names[0]), None)):
        return [(None, f"the fields of this file are parted by {other!r}: save it with commas")]
    missing = [(name, "is missing: this column is required") for name in layout.required if name not in names]
    return [*column_faults(names, layout), *missing]


def takes(column: Column, parquet_type: str) -> bool:
    """Whether a Parquet column of this type (as DuckDB names it) may hold this column; text always may."""
    return parquet_type == "VARCHAR" or parquet_type in _PARQUET.get(column.sort, ())


def type_reason(column: Column, parquet_type: str) -> str:
    return f"is a column of {parquet_type}: write {_WANTED.get(column.sort, 'text')}"


def json_reason(json_type: str) -> str:
    """Why a value of this JSON type (as DuckDB names it) cannot stand for a text."""
    return f"is {_JSON.get(json_type, 'a number')}, not text: write text in quotation marks"


def misfits(shape: str) -> list[tuple[str, str]]:
    """What `model` finds amiss with entries of this shape: (column, reason) pairs.

    A shape is the kind and, as bits, which of the columns that `whole_entry_faults` weighs are empty
    (macro `shape` in `schemas/feed/cell.sql`). Of an unknown kind only that is amiss which would be amiss
    with every kind.
    """
    kind, empty = shape.split(":")
    given = [None if int(empty) >> bit & 1 else "given" for bit in range(6)]
    found = [whole_entry_faults(each, *given) for each in ([kind] if kind else Kind)]
    return [fault for fault in found[0] if all(fault in others for others in found)]


def reason(name: str, value: str | None, layout: Layout = POSTING) -> str:
    """Why this cell cannot be read, and what to write instead."""
    if value is None:
        return "is required"
    column = layout.columns[name]
    if column.sort == "word":
        meant = nearest(value, column.choices)
        article = "an" if name[0] in "aeiou" else "a"
        return f"'{shown(value)}' is not {article} {name}: " + (
            f"did you mean {meant}?" if meant else f"write one of {', '.join(column.choices)}"
        )
    if column.sort in ("day", "local_day"):
        hours = "(T.*)?" if column.sort == "local_day" else ""
        like_a_day = re.fullmatch(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{hours}", value)
        missing = "is not in the calendar" if like_a_day else "is not a date"
        return f"'{shown(value)}' {missing}: write YYYY-MM-DD"
    if column.sort in ("whole", "count"):
        return f"'{shown(value)}' {_number_reason(value, column)}"
    if length(value) > LONGEST[column.sort]:
        return f"is {length(value)} characters long: {LONGEST[column.sort]} at most"
    try:
        clean_text(value)
    except ValueError as error:
        return str(error)
    raise AssertionError(f"{name} {value!r} has no fault")


def _number_reason(value: str, column: Column) -> str:
    """Why `value` is not a whole number above zero; where one reading is certain, that number."""
    unit, sign, most = column.unit, column.sign, column.most
    if re.match(r"[-\u2212(]\s*[0-9.,]", value):
        direction = f", and let {sign} say the direction" if sign else ""
        return f"is below zero: write {unit} without a sign{direction}"
    if re.fullmatch(r"(?i)[+-]?(nan|inf|infinity|null|none|n/?a|-+)", value):
        return "is not a number: where there is none, leave the cell empty"
    if value.isdecimal() and value.isascii():
        if not value.strip("0"):
            return f"is not above zero: write {unit}"
        limit = "is kept exactly" if most == MOST_TPP else "this column takes"
        return f"is more than {most}, the most that {limit}"
    if (whole := _whole_reading(value)) is not None:
        written = f"write {whole}" if 0 < whole <= most else f"write {unit}"
        return f"is not a whole number: {written}{_other_reading(value, unit)}"
    return f"is not a whole number: write {unit}"


def _whole_reading(value: str) -> int | None:
    """The whole number that was meant, if `value` can be read as one: groups of thousands, `500.0`, `5e3`."""
    plain = value.removeprefix("+").strip()
    if plain.isdecimal():
        return int(plain[:30])
    if (grouped := _GROUPED.fullmatch(plain)) and grouped["end"][:1] != grouped["mark"]:
        return int(re.sub(r"[^0-9]", "", grouped["digits"])[:30])
    if integral := re.fullmatch(r"([0-9]+)[.,]0+", plain):
        return int(integral[1][:30])
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,2}", plain):
        number = Decimal(plain)
        return int(number) if number == number.to_integral_value() else None
    return None


def _other_reading(value: str, unit: str) -> str:
    """For `1.200`, which is 1200 to some and 1.2 to others: the second reading, in words."""
    parted = re.fullmatch(r"([1-9][0-9]{0,2})\.([0-9]{3})", value)
    if not parted:
        return ""
    part = parted[2].rstrip("0")
    said = _words(int(parted[1]))
    if part:
        said += f" and {_words(int(part))} {_PARTS[len(part)]}{'' if int(part) == 1 else 's'}"
    return f" or, if {said} was meant, {unit if part else int(parted[1])}"


def _words(number: int) -> str:
    """A number below 1,000 in words."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    below = _ONES[rest] if rest < len(_ONES) else _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    return below if not hundreds else f"{_ONES[hundreds]} hundred" + (f" {below}" if rest else "")
