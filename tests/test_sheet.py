"""What a group adds, as plain values: rows by column come back as they were, the tree grows leaf by leaf."""

from __future__ import annotations

import marshal

from hypothesis import given
from hypothesis import strategies as st

from ledger import merkle
from ledger.sheet import Insert, Leaves

CELL = st.none() | st.integers(-5, 5) | st.sampled_from(["", "a", "b"])
ROWS = st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[CELL] * width), min_size=1, max_size=6))
ORIGIN, AT = "tppq/test", "2026-02-01T12:00:00.000000Z"


@given(ROWS)
def test_rows_come_back_as_they_were_through_a_pipe_too(rows: list[tuple[object, ...]]) -> None:
    insert = Insert("insert", list(zip(*rows, strict=True)))
    assert list(insert.rows()) == rows
    piped = marshal.loads(marshal.dumps(insert.packed()))  # noqa: S302  # our own
    assert Insert.unpacked(*piped) == insert


def test_a_column_that_is_alike_in_all_rows_is_packed_as_one_value() -> None:
    columns = [("a", "b", "a"), ("a", "a", "a"), (None, None, None), (1, 2, 3)]
    assert Insert("insert", columns).packed() == ("insert", 3, [columns[0], ("a",), (None,), columns[3]])


@given(st.integers(0, 9), st.integers(1, 9))
def test_the_tree_grows_by_the_leaf_of_each_entry(before: int, more: int) -> None:
    commitments = [bytes([seq]) * 32 for seq in range(1, before + more + 1)]
    tree = leaves(1, commitments[:before]).grown("[]", 0)
    tree = leaves(before + 1, commitments[before:]).grown(tree, before)
    edge = merkle.Edge()
    for seq, committed in enumerate(commitments, 1):
        edge.append(merkle.leaf_hash(merkle.leaf(ORIGIN, seq, AT, 1, committed)))
    assert tree == edge.to_json()


def leaves(first_seq: int, commitments: list[bytes]) -> Leaves:
    return Leaves(ORIGIN, first_seq, [AT] * len(commitments), 1, commitments)
