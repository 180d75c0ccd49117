"""Values and rows as HTML, every text escaped: for a notebook, and for the report of a night."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from ledger.cells import shown
from ledger.text import visible


def text(value: Any) -> str:
    """One value as it is shown everywhere: digits by three, nothing for None."""
    return escape(visible(shown(value)))


def row(cells: Iterable[str], attributes: Iterable[str]) -> str:
    """Cells that are HTML, each with the attributes of its column."""
    paired = zip(cells, attributes, strict=True)
    return "<tr>" + "".join(f"<td{each}>{cell}</td>" for cell, each in paired) + "</tr>"


def heading(names: Iterable[str], attributes: Iterable[str]) -> str:
    """The names of the columns, as the first row."""
    paired = zip(names, attributes, strict=True)
    return "<tr>" + "".join(f'<th scope="col"{each}>{escape(name)}</th>' for name, each in paired) + "</tr>"
