"""What a group adds, as plain values: rows by column come back as they were."""

from __future__ import annotations

import marshal

from hypothesis import given
from hypothesis import strategies as st

from ledger.sheet import Insert

CELL = st.none() | st.integers(-5, 5) | st.sampled_from(["", "a", "b"])
ROWS = st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[CELL] * width), min_size=1, max_size=6))


@given(ROWS)
def test_rows_come_back_as_they_were_through_a_pipe_too(rows: list[tuple[object, ...]]) -> None:
    insert = Insert("insert", list(zip(*rows, strict=True)))
    assert list(insert.rows()) == rows
    piped = marshal.loads(marshal.dumps(insert.packed()))  # noqa: S302  # our own
    assert Insert.unpacked(*piped) == insert


def test_a_column_that_is_alike_in_all_rows_is_packed_as_one_value() -> None:
    columns = [("a", "b", "a"), ("a", "a", "a"), (None, None, None), (1, 2, 3)]
    assert Insert("insert", columns).packed() == ("insert", 3, [columns[0], ("a",), (None,), columns[3]])
