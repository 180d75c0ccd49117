"""What a group adds, as plain values: rows by column come back as they were, the tree grows leaf by leaf."""

from __future__ import annotations

import marshal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger import merkle
from ledger.sheet import Insert, Leaves

CELL = st.none() | st.integers(-5, 5) | st.sampled_from(["", "a", "b"])
ROWS = st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[CELL] * width), min_size=1, max_size=6))
ORIGIN, SALT_KEY, AT = "tppq/test", "5" * 64, "2026-02-01T12:00:00.000000Z"


@given(ROWS)
def test_rows_come_back_as_they_were_through_a_pipe_too(rows: list[tuple[object, ...]]) -> None:
    insert = Insert("insert", len(rows), list(zip(*rows, strict=True)))
    assert list(insert.rows()) == rows
    assert list(insert.packed().rows()) == rows
    packed: Any = tuple(insert.packed())
    assert list(Insert(*marshal.loads(marshal.dumps(packed))).rows()) == rows  # noqa: S302  # our own


def test_a_column_that_is_alike_in_all_rows_is_packed_as_one_value() -> None:
    columns = [("a", "b", "a"), ("a", "a", "a"), (None, None, None), (1, 2, 3)]
    assert Insert("insert", 3, columns).packed().columns == [columns[0], ("a",), (None,), columns[3]]


@given(st.integers(0, 9), st.integers(1, 9))
def test_the_tree_grows_by_the_leaf_of_each_entry(before: int, more: int) -> None:
    bodies = [f'{{"seq":{seq}}}'.encode() for seq in range(1, before + more + 1)]
    first, rest = bodies[:before], bodies[before:]
    tree = leaves(1, first).grown("[]", 0)
    tree = leaves(before + 1, rest).grown(tree, before)
    edge = merkle.Edge()
    for seq, body in enumerate(bodies, 1):
        committed = merkle.commitment(merkle.salt_of(bytes.fromhex(SALT_KEY), seq), body)
        edge.append(merkle.leaf_hash(merkle.leaf(ORIGIN, seq, AT, 1, committed)))
    assert tree == edge.to_json()


def leaves(first_seq: int, bodies: list[bytes]) -> Leaves:
    lines = b"".join(body + b"\n" for body in bodies)
    return Leaves(ORIGIN, SALT_KEY, first_seq, [AT] * len(bodies), 1, lines)
