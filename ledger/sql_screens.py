"""What an analyst sees: the rows of a query, whatever they are, and the data dictionary.

Pure: answers in, screens out. What is named `_tpp`, `_h100e` or `quantity` has its thousands apart; other
whole numbers, which may be years or the numbers of entries, have not.
"""

from __future__ import annotations

from itertools import groupby

from ledger.answer import Answer
from ledger.cells import is_figure, shown
from ledger.grid import Column, Grid
from ledger.screens import STATES, Screen

_AMOUNTS = ("tpp", "_h100e", "quantity")


def rows(answer: Answer) -> Screen:
    """Every row that came, under the names of its columns."""
    if not len(answer):
        return ["No row."]
    held = answer.held
    columns, cells = [], []
    for place, (name, kind) in enumerate(zip(held.names, held.types, strict=True)):
        words = Column(name, "words" if kind == "string" else "name", titles=not place, styles=STATES)
        columns.append(Column(name, "figure") if is_figure(kind) else words)
        thousands = name.endswith(_AMOUNTS)
        cells.append([shown(row[place], thousands=thousands) for row in held.rows])
    return [Grid(columns, list(zip(*cells, strict=True)))]


def cut(shown: int, total: int) -> str | None:
    """What to say where there are more rows than were asked for."""
    if shown >= total:
        return None
    return f"First {shown:,} of {total:,} rows: --limit 0 gives all of them."


def dictionary(answer: Answer) -> Screen:
    """Each table, view, macro and function: what one row of it is, and its columns."""
    screen: Screen = []
    for (name, sort), group in groupby(answer.rows(), lambda row: (row["name"], row["sort"])):
        whole, *columns = group
        arguments = [row for row in columns if row["column"].startswith("(")]
        names = ", ".join(row["column"].strip("()") for row in arguments)
        called = f"{name}({names})" if sort in ("macro", "function") else name
        screen.extend([*([""] if screen else []), f"{called}  {sort}", f"  {whole['meaning']}"])
        cells = [[row["column"], (row["type"] or "").lower(), row["meaning"] or ""] for row in columns]
        grid = [Column("Column", "name", titles=True), Column("Type", "name", may_go=True)]
        if cells:
            screen.append(Grid([*grid, Column("Meaning", "words")], cells, indent="    ", ruled=False))
    return screen
