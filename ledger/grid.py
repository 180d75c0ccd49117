"""Rows of text laid out for a width: a table where it fits, else a card per row. No figure is cut or wrapped.

Pure: text in, lines out. Only words may give way: they wrap between words, and columns of words that others
can stand for are left out before the layout changes from a table to cards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import Literal, NamedTuple

from rich.cells import cell_len

from ledger.text import visible

GAP = "  "
INDENT = "    "


class Column(NamedTuple):
    """One column: figures stand right, names and words left; only words may wrap.

    `may_go` marks a column that is left out where the width is short; `titles` one that heads a card.
    `styles` gives the style of a cell by its first word.
    """

    heading: str
    sort: Literal["figure", "name", "words"]
    may_go: bool = False
    titles: bool = False
    styles: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells as they are shown, row by row, with a line of totals where there is one."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    total: Sequence[str] | None = None
    indent: str = ""
    ruled: bool = True


class Span(NamedTuple):
    """Some text of a line in one style (rich's words for it; empty for none)."""

    text: str
    style: str = ""


Line = list[Span]


@dataclass(slots=True)
class _Plan:
    """The columns that are shown, and how wide each is."""

    shown: list[int]
    widths: list[int] = field(default_factory=list)


def lines(grid: Grid, width: int, *, ruled: bool) -> Iterator[Line]:
    """The grid for a width in cells of a terminal. `ruled` draws a line under the headings."""
    if not grid.rows and grid.total is None:
        return
    grid = _visible(grid)
    plan = _planned(grid, width)
    if plan is None:
        yield from _cards(grid, width)
    else:
        yield from _table(grid, plan, ruled=ruled and grid.ruled)


def plain_lines(grid: Grid) -> Iterator[str]:
    """The grid as text, each row a line as wide as it takes; column by column, for many rows."""
    if not grid.rows and grid.total is None:
        return
    grid = _visible(grid)
    padded = []
    for index, column in enumerate(grid.columns):
        cells = list(_cells(grid, index))
        lengths = list(map(cell_len, cells))
        width = max(lengths)
        blanks = [" " * (width - length) for length in lengths]
        if column.sort == "figure":
            padded.append([blank + cell for cell, blank in zip(cells, blanks, strict=True)])
        else:
            padded.append([cell + blank for cell, blank in zip(cells, blanks, strict=True)])
    shown = ((grid.indent + GAP.join(cells)).rstrip() for cells in zip(*padded, strict=True))
    headed = any(column.heading for column in grid.columns)
    yield from shown if headed else islice(shown, 1, None)


def _visible(grid: Grid) -> Grid:
    """The grid, where nothing in it could command a terminal; else one that shows what could."""
    headings = [column.heading for column in grid.columns]
    total = grid.total or ()
    if all("".join(cells).isprintable() for cells in (headings, *grid.rows, total)):
        return grid
    return replace(
        grid,
        columns=[column._replace(heading=visible(column.heading)) for column in grid.columns],
        rows=[list(map(visible, row)) for row in grid.rows],
        total=grid.total and list(map(visible, total)),
    )


def wrapped(text: str, width: int | None) -> list[str]:
    """`text` in lines no wider than `width`, broken between words only; its own indentation is kept."""
    text = visible(text)
    if width is None or cell_len(text) <= width:
        return [text]
    indent = text[: len(text) - len(text.lstrip(" "))]
    done: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line.strip() and cell_len(indent + longer) > width:
            done.append(indent + line.strip())
            line = word
        else:
            line = longer
    return [*done, indent + line.strip()]


# --------------------------------------------------------------------------------------------- as a table


def _planned(grid: Grid, width: int) -> _Plan | None:
    """The widest layout that the width allows; None where no table does."""
    everything = list(range(len(grid.columns)))
    natural = [max(map(cell_len, _cells(grid, index)), default=0) for index in everything]
    least = [min(natural[index], _least(grid, index)) for index in everything]
    leaving = [index for index in everything if grid.columns[index].may_go]
    for gone in range(len(leaving) + 1):
        kept_out = leaving[len(leaving) - gone :]
        shown = [index for index in everything if index not in kept_out]
        room = width - cell_len(grid.indent) - len(GAP) * (len(shown) - 1)
        if sum(least[index] for index in shown) <= room:
            return _Plan(shown, _spread([least[i] for i in shown], [natural[i] for i in shown], room))
    return None


def _least(grid: Grid, index: int) -> int:
    """The narrowest that a column can be: its longest figure, name or word."""
    column = grid.columns[index]
    heading = max(map(cell_len, column.heading.split()), default=0)
    cells = list(_cells(grid, index))[1:]
    if column.sort == "words":
        cells = [word for cell in cells for word in cell.split()]
        heading = max(heading, 12)  # below this, wrapped words are a column of single words
    return max(heading, max(map(cell_len, cells), default=0))


def _cells(grid: Grid, index: int) -> Iterator[str]:
    yield grid.columns[index].heading
    for row in grid.rows:
        yield row[index]
    if grid.total is not None:
        yield grid.total[index]


def _spread(least: list[int], natural: list[int], room: int) -> list[int]:
    """Widths between least and natural that fill the room, the smallest wishes first."""
    widths = list(least)
    spare = room - sum(widths)
    wishes = sorted(range(len(widths)), key=lambda index: natural[index] - least[index])
    for place, index in enumerate(wishes):
        share = spare // (len(wishes) - place)
        more = min(natural[index] - least[index], share)
        widths[index] += more
        spare -= more
    return widths


def _table(grid: Grid, plan: _Plan, *, ruled: bool) -> Iterator[Line]:
    columns = [grid.columns[index] for index in plan.shown]
    row_lines = partial(_row_lines, columns, plan.widths, grid.indent)
    if any(column.heading for column in columns):
        yield from row_lines([column.heading for column in columns], style="bold")
        if ruled:
            yield [Span(grid.indent + "─" * (sum(plan.widths) + len(GAP) * (len(columns) - 1)), "dim")]
    for row in grid.rows:
        yield from row_lines([row[index] for index in plan.shown])
    if grid.total is not None:
        if ruled:
            yield []
        left_out = [text for index, text in enumerate(grid.total) if text and index not in plan.shown]
        yield from ([Span(text, "bold")] for text in left_out)
        yield from row_lines([grid.total[index] for index in plan.shown], style="bold")


def _row_lines(
    columns: Sequence[Column], widths: Sequence[int], indent: str, cells: Sequence[str], style: str = ""
) -> Iterator[Line]:
    """A row as one line, or several where words wrap."""
    parts = [wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for number in range(max(map(len, parts))):
        line: Line = [Span(indent)] if indent else []
        for place, (column, part, width) in enumerate(zip(columns, parts, widths, strict=True)):
            text = part[number] if number < len(part) else ""
            blank = " " * (width - cell_len(text))
            gap = GAP if place else ""
            of_cell = style or column.styles.get(cells[place].partition(",")[0], "")
            if column.sort == "figure":
                line.append(Span(gap + blank + text, of_cell))
            else:
                line.extend((Span(gap), Span(text, of_cell), Span(blank)))
        yield _trimmed(line)


def _trimmed(line: Line) -> Line:
    """The line without blanks at its end."""
    while line and not line[-1].text.strip():
        line.pop()
    if line:
        line[-1] = line[-1]._replace(text=line[-1].text.rstrip())
    return line


# --------------------------------------------------------------------------------------------- as cards


def _cards(grid: Grid, width: int) -> Iterator[Line]:
    """One card per row: a line of titles, then heading and value, pair by pair; empty cells are left out."""
    everything = range(len(grid.columns))
    longest = [max(map(cell_len, list(_cells(grid, index))[1:]), default=0) for index in everything]
    titles = [index for index in everything if grid.columns[index].titles]
    figures = [index for index in everything if grid.columns[index].sort == "figure" and index not in titles]
    value = max((longest[index] for index in figures), default=0)
    names = [index for index in everything if grid.columns[index].sort == "name" and longest[index] <= value]
    pairs = sorted({*figures, *names}.difference(titles))
    sentences = [index for index in everything if index not in titles and index not in pairs]
    name = max((cell_len(grid.columns[index].heading) for index in pairs), default=0)
    across = max(1, (width - len(INDENT) + len(GAP)) // (name + 1 + value + len(GAP)))
    for row in [*grid.rows, *([grid.total] if grid.total is not None else [])]:
        heads = [index for index in titles if row[index]]
        title = GAP.join(_titled(grid.columns[index], row[index]) for index in heads)
        if not heads:
            heads = [index for index in everything if row[index]][:1]
            title = "".join(f"{grid.columns[index].heading} {row[index]}".strip() for index in heads)
        yield from ([Span(text, "bold")] for text in wrapped(title, width) if text)
        there = [index for index in pairs if row[index] and index not in heads]
        for first in range(0, len(there), across):
            line: Line = []
            for index in there[first : first + across]:
                column = grid.columns[index]
                blank = " " * (name + 1 + value - cell_len(column.heading) - cell_len(row[index]))
                line.append(Span((GAP if line else INDENT) + column.heading + blank))
                line.append(Span(row[index], column.styles.get(row[index].partition(",")[0], "")))
            yield from _narrowed(line, width)
        for index in sentences:
            if row[index] and index not in heads:
                yield from _sentence(grid.columns[index], row[index], width)


def _titled(column: Column, cell: str) -> str:
    """A cell in the title of a card: a figure says what it counts, a name speaks for itself."""
    return f"{column.heading} {cell}".lstrip() if column.sort == "figure" else cell


def _sentence(column: Column, cell: str, width: int) -> Iterator[Line]:
    """A heading and its cell, in the style of that, over as many lines as it takes."""
    heading = f"{INDENT}{column.heading}: " if column.heading else INDENT
    style = column.styles.get(cell.partition(",")[0], "")
    for text in wrapped(heading + cell, width):
        lead = len(heading) if text.startswith(heading) else 0
        yield [Span(text[:lead]), Span(text[lead:], style)]


def _narrowed(line: Line, width: int) -> Iterator[Line]:
    """The line; where even one pair is too wide, its heading and below it its value."""
    if sum(cell_len(span.text) for span in line) <= width:
        yield line
        return
    for heading, value in zip(line[::2], line[1::2], strict=True):
        yield [Span(heading.text.rstrip())]
        yield [value._replace(text=" " * max(0, width - cell_len(value.text)) + value.text)]
