"""The data dictionary: every table, view and macro that may be asked, with its columns in words and units.

The words are the COMMENTs of `schemas/core/comment_*.sql`. What a macro answers with is described where a
table or a view has a column of that name, which means the same wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ledger import core_file, schema
from ledger.answer import Answer, Rows
from ledger.base import Opened
from ledger.core_file import Ground

Row = dict[str, Any]
_BAR = "\\|"
"""How Markdown writes a bar that parts no cells."""

_COLUMNS = ("name", "sort", "column", "type", "meaning")


class Dictionary(Opened):
    """The verb about what may be asked."""

    def dictionary(self) -> Answer:
        """One row per table, view, macro and function of the core, and one per column or argument of it.

        Columns: name, sort, column (null in the row about the whole; an argument in brackets), type, meaning
        (in words and units).
        """
        return Answer(table(Ground(self._terms, self._reference)), self._basis_now())


def table(ground: Ground) -> Rows:
    """The dictionary of a core that is made of this."""
    rows = [tuple(row[name] for name in _COLUMNS) for row in words(ground)]
    return Rows(_COLUMNS, ("string",) * len(_COLUMNS), rows)


def words(ground: Ground) -> list[Row]:
    """The rows: tables, then views, macros, functions, each by its name, with its columns in order."""
    with core_file.in_memory(ground) as connection:
        for name in ("macro", "table"):
            connection.execute(schema.sql(f"core/comment_{name}.sql"))
        answered = connection.execute(schema.sql("snapshot/dictionary.sql"))
        names = [each[0] for each in answered.description]
        found = [dict(zip(names, row, strict=True)) for row in answered.fetchall()]
    told = {(row["name"], row["column"]): row["comment"] for row in found if row["comment"] and row["column"]}
    anywhere = {column: comment for (_, column), comment in reversed(told.items())}
    said: Mapping[str, str] = {}
    rows = []
    for row in found:
        name, column, comment = row["name"], row["column"], row.pop("comment")
        if column is None:
            row["meaning"], said = _parted(comment)
        else:
            alike = (told.get((table, column)) for table in (name, name.removesuffix("s"), "entry"))
            row["meaning"] = (
                comment
                or said.get(column.strip("()"))
                or next(filter(None, alike), None)
                or anywhere.get(column)
            )
        rows.append(row)
    return rows


def _parted(comment: str) -> tuple[str, dict[str, str]]:
    """What a comment says of the whole, and what its lines `name: words` say of arguments and columns."""
    about, *lines = comment.splitlines()
    parts = (line.partition(": ") for line in lines)
    return about, {name: words for name, _, words in parts}


def markdown(rows: Iterable[Row]) -> str:
    """The dictionary as a document."""
    said = ["# What may be asked", ""]
    said.append("Whole TPP are integers; `_h100e` is for reading and cut toward zero; instants are UTC.")
    said.append(
        "In CSV an empty cell is none, and `NA` is Namibia: pandas reads it with `keep_default_na=False, "
        "na_values=['']`."
    )
    for row in rows:
        if row["column"] is None:
            said.extend(["", f"## {row['name']} ({row['sort']})", "", row["meaning"], ""])
            said.extend(["| column | type | meaning |", "|:---|:---|:---|"])
        else:
            cells = (f"`{row['column']}`", (row["type"] or "").lower(), row["meaning"] or "")
            said.append(f"| {' | '.join(cell.replace('|', _BAR) for cell in cells)} |")
    return "\n".join(said) + "\n"
