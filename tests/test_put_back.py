"""A clock that is put back: every question is answered by the day of the last entry, as before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger import Answer
from tests.night import Night

LAST, BEFORE = "2026-11-25", "2026-11-20"
ASKED: dict[str, Callable[[Night], Answer]] = {
    "headroom": lambda night: night.ledger.headroom(),
    "statement": lambda night: night.ledger.statement("AE"),
    "licenses": lambda night: night.ledger.licenses(),
    "fit": lambda night: night.ledger.fit("AE", tpp=1),
    "sql": lambda night: night.ledger.sql("from break"),
    "breaks": lambda night: night.ledger.breaks(),
    "break show": lambda night: night.ledger.break_show(night.ledger.breaks().rows()[0]["break"]),
    "forecast": lambda night: night.ledger.forecast("AE"),
}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """A night of one break, and an entry on a later day; then the clock is put back."""
    folder = tmp_path_factory.mktemp("night")
    night = Night(f"sqlite:///{folder / 'tppq.db'}", as_of=BEFORE)
    night.quota("AE")
    night.license("L1")
    night.export("X1/1", "L1", 100)
    night.declared["X1/1"]["quantity"] = night.shipped["X1/1"]["quantity"] = 90
    night.ledger.reconcile(night.write(folder / "feeds"))
    night.clock.set(LAST)
    night.post("block", "AE", BEFORE, tpp=5, reason="looked into")
    night.clock.set(BEFORE)
    with night.ledger:
        yield night


@pytest.mark.parametrize("asked", ASKED)
def test_every_question_is_answered_by_the_day_of_the_last_entry(night: Night, asked: str) -> None:
    told = ASKED[asked](night)
    night.clock.set(LAST)
    try:
        then = ASKED[asked](night)
    finally:
        night.clock.set(BEFORE)
    assert told.basis["as_of"] == then.basis["as_of"] == LAST
    assert told.rows() == then.rows()


def test_a_reconciliation_is_of_the_day_of_the_last_entry(night: Night, tmp_path: Path) -> None:
    answer = night.ledger.reconcile(night.write(tmp_path / "feeds"), dry_run=True)
    assert answer.basis["as_of"] == LAST
