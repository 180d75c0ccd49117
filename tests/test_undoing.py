"""The entries that put a mistake right."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger import UnknownName, undoing
from tests.small import fill


def test_what_undoes_an_entry_is_its_opposite_and_what_is_right_stands_in_its_place(tmp_path: Path) -> None:
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        store = ledger._store  # noqa: SLF001  # what the ledger hands on
        undone, right = undoing.correction(store, 4, {"quantity": 5}, "5, not 2,000")
        assert undone == undoing.undoing(store, 4, "5, not 2,000")
        with pytest.raises(UnknownName, match="there is no entry 99 in this ledger"):
            undoing.undoing(store, 99, "no")
    assert (undone.kind, undone.tpp, undone.quantity, undone.reverses_seq) == (
        "release",
        31_664_000,
        2_000,
        4,
    )
    assert (right.kind, right.tpp, right.quantity, right.reverses_seq) == ("license", None, 5, None)
    assert (right.license_no, right.reason, right.reference) == ("L-1", "5, not 2,000", "D-790")
