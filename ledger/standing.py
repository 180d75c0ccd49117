"""What every country has left now: kept up as entries arrive, so that it takes no sum over all of them.

The sums are a table of the core; what follows from them is worked out by the macros of `3_headroom.sql`, for
those countries alone that an entry touched.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ledger import schema
from ledger.answer import Rows
from ledger.columns import sums
from ledger.errors import Tampered

FEW = 8
"""Entries that are added one by one; more are quicker summed together."""


class Standing:
    """What is left after every entry up to `seq`, on the connection of a core to DuckDB."""

    def __init__(self, connection: Any) -> None:
        self.seq = 0
        self._connection = connection
        self._shape = Rows((), (), ())
        self._left: dict[str, Sequence[Any]] | None = None
        self._connection.execute(schema.sql("core/now.sql"))

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add a few entries that follow: rows that begin with the columns of NARROW and end in `seq`.

        Raises Tampered.
        """
        for country, held in sums(rows).items():
            values = {**held, "country": country}
            found = self._connection.execute(schema.sql("core/add_sums.sql"), values).fetchall()
            if not found:
                raise Tampered(f"an entry holds what no entry can: no country '{country}'")
            if self._left is not None:
                self._left[country] = found[0]
        self.seq = rows[-1][-1]

    def add_all(self, relation: str, last_seq: int) -> None:
        """Add the entries of a relation of the core that come after `seq`, up to `last_seq`."""
        values = {"relation": relation, "after": self.seq}
        self._connection.execute(schema.sql("core/add_entries.sql"), values)
        self.seq, self._left = last_seq, None

    def new_day(self) -> None:
        """The ledger's day is another one: accounts may be closed by now."""
        self._connection.execute(schema.sql("core/close_now.sql"))
        self._left = None

    def rows(self, countries: Collection[str]) -> Rows:
        """These countries (all, where none is named), lowest headroom first."""
        if self._left is None:
            answered = self._connection.execute(schema.sql("core/ask_now.sql"))
            self._shape = Rows.of_duckdb(answered.description, ())
            self._left = {row[0]: row for row in answered.fetchall()}
        by_headroom = self._shape.names.index("headroom_tpp")
        asked = (row for country, row in self._left.items() if not countries or country in countries)
        ordered = sorted(asked, key=lambda row: (row[by_headroom], row[0]))
        return Rows(self._shape.names, self._shape.types, ordered)
