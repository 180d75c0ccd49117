"""What a group of posts adds to a store, as plain values: this process writes it, or `scribe`, another one.

Light on purpose: with this module and a driver alone, what another process judged can be written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple, Self

from ledger import merkle


class Insert(NamedTuple):
    """A statement and its rows, by column; in a packed one, a column that is alike in all is one value."""

    statement: str
    row_count: int
    columns: Sequence[Sequence[Any]]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows, one after the other."""
        count = self.row_count
        columns = (each if len(each) == count else repeat(each[0], count) for each in self.columns)
        return zip(*columns, strict=True)

    def packed(self) -> Self:
        """The same rows, in less."""
        return self._replace(columns=[_alike(values) for values in self.columns])


def _alike(values: Sequence[Any]) -> Sequence[Any]:
    first = values[0]
    return values[:1] if first == values[-1] and values.count(first) == len(values) else values


class Leaves(NamedTuple):
    """What the tree takes in: entries from `first_seq` on, by column; `bodies` has a line for each."""

    origin: str
    salt_key: str
    first_seq: int
    recorded_at: Sequence[str]
    hash_v: int
    bodies: bytes

    def grown(self, tree: str, size: int) -> str:
        """The tree's right edge with these leaves, as the head keeps it; `tree` is that of `size` leaves."""
        edge, key = merkle.Edge.from_json(tree, size), bytes.fromhex(self.salt_key)
        count = len(self.recorded_at)
        seqs = range(self.first_seq, self.first_seq + count)
        bodies, versions = self.bodies.splitlines(), repeat(self.hash_v, count)
        for leaf in merkle.leaf_hashes(self.origin, key, seqs, self.recorded_at, versions, bodies):
            edge.append(leaf)
        return edge.to_json()


class Sheet(NamedTuple):
    """All that a group adds to a store whose head has the hash `continues`, and to no other.

    `head` has the values of `move_head`, but for the tree: what the store's head is after this.
    """

    continues: str
    inserts: Sequence[Insert]
    leaves: Leaves | None
    head: Mapping[str, Any]
