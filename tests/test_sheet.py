"""What a group adds, as plain values: rows by column come back as they were, the tree grows leaf by leaf."""

from __future__ import annotations

import marshal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger import merkle
from ledger.sheet import Insert, Leaves, alike

CELL = st.none() | st.integers(-5, 5) | st.sampled_from(["", "a", "b"])
ROWS = st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[CELL] * width), min_size=1, max_size=6))
ORIGIN, SALT_KEY, AT = "tppq/test", "5" * 64, "2026-02-01T12:00:00.000000Z"


@given(ROWS)
def test_rows_come_back_as_they_were_through_a_pipe_too(rows: list[tuple[object, ...]]) -> None:
    insert = Insert("insert", len(rows), [alike(values) for values in zip(*rows, strict=True)])
    assert list(insert.rows()) == rows
    plain: Any = tuple(insert)
    assert list(Insert(*marshal.loads(marshal.dumps(plain))).rows()) == rows  # noqa: S302  # our own


def test_a_column_that_is_alike_in_all_rows_is_one_value() -> None:
    assert alike(("a", "b", "a")) == ("a", "b", "a")
    assert alike(("a", "a", "a")) == ("a",)
    assert alike((None, None)) == (None,)
    assert alike(("a",)) == ("a",)


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
