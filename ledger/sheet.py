"""What a group of posts adds to a store, as plain values: this process writes it, or `scribe`, another one.

Light on purpose: with this module and a driver alone, what another process judged can be written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self


class Insert(NamedTuple):
    """A statement and its rows, by column."""

    statement: str
    columns: Sequence[tuple[Any, ...]]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows, one after the other."""
        return zip(*self.columns, strict=True)

    def packed(self) -> tuple[str, int, list[tuple[Any, ...]]]:
        """The same in less: how many rows, and for a column that is alike in all of them one value."""
        count = len(self.columns[0])
        return self.statement, count, [_packed(values) for values in self.columns]

    @classmethod
    def unpacked(cls, statement: str, count: int, columns: Sequence[tuple[Any, ...]]) -> Self:
        """What was packed."""
        return cls(statement, [each if len(each) == count else each * count for each in columns])


def _packed(values: tuple[Any, ...]) -> tuple[Any, ...]:
    first = values[0]
    return values[:1] if first == values[-1] and values.count(first) == len(values) else values


class Sheet(NamedTuple):
    """All that a group adds to a store whose head has the hash `continues`, and to no other.

    `head` is what the store's head is after it, as the values of `move_head`: empty where no entry is added.
    `events` is the seq of the last event, where none may have come since; None where that is the same.
    """

    continues: str
    inserts: Sequence[Insert]
    head: Mapping[str, Any]
    events: int | None = None
