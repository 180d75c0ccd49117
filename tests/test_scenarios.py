"""Every scenario in tests/scenarios, on both databases: what comes of each line is what its file says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger import Ledger
from tests.clock import Clock
from tests.scenario import play

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_scenario_goes_as_it_is_written(
    path: Path, store_url: str, golden: Callable[[Path, str], None]
) -> None:
    clock = Clock("2025-01-01")
    with Ledger.init(store_url, opening=False, actor="maria", clock=clock) as ledger:
        golden(path, play(path.read_text(encoding="utf-8"), ledger, clock))
        assert ledger.verify().rows() == []


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_scenario_says_first_what_it_shows(path: Path) -> None:
    first, *lines = path.read_text(encoding="utf-8").splitlines()
    assert first.startswith("# ")
    assert first.endswith(".")
    assert not [line for line in lines if line.endswith("  ?")]
