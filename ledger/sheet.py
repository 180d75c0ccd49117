"""What a group of posts adds to a store, as plain values: this process writes it, or `scribe`, another one.

Light on purpose: with this module and a driver alone, what another process judged can be written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self

from ledger import merkle


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


class Leaves(NamedTuple):
    """What the tree takes in: entries from `first_seq` on, by column."""

    origin: str
    first_seq: int
    recorded_at: Sequence[str]
    hash_v: int
    commitments: Sequence[bytes]

    def grown(self, tree: str, size: int) -> str:
        """The tree's right edge with these leaves, as the head keeps it; `tree` is that of `size` leaves."""
        edge = merkle.Edge.from_json(tree, size)
        leaves = zip(self.recorded_at, self.commitments, strict=True)
        for seq, (at, committed) in enumerate(leaves, self.first_seq):
            edge.append(merkle.leaf_hash(merkle.leaf(self.origin, seq, at, self.hash_v, committed)))
        return edge.to_json()


class Sheet(NamedTuple):
    """All that a group adds to a store whose head has the hash `continues`, and to no other.

    `head` has the values of `move_head`, but for the tree: what the store's head is after this.
    """

    continues: str
    inserts: Sequence[Insert]
    leaves: Leaves | None
    head: Mapping[str, Any]
