"""A history that is taken over: its head has to be one that a ledger can have."""

from __future__ import annotations

from pathlib import Path

from ledger.evidence import FIRST_PREV_HASH
from ledger.loading import Loader
from ledger.reference import load
from ledger.submission import FIRST_AT, Head

HEAD = Head(0, FIRST_PREV_HASH, FIRST_AT, "diffusion-2025", 2, "tppq/here", "5" * 64, 0, "[]")


def test_the_head_of_an_empty_ledger_is_taken_over_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "tppq.db").touch()
    loader = Loader(f"sqlite:///{tmp_path / 'tppq.db'}", busy_seconds=1)
    loader.load(HEAD, load().regime(HEAD.regime), [])
    assert loader.head() == HEAD
    loader.close()
