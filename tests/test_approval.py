"""What takes two people, by the regime's file."""

from __future__ import annotations

import pytest

from ledger.approval import Approval
from tests.books import REGIME

APPROVAL = REGIME.approval


def test_the_file_of_diffusion_2025_says_what_takes_two_people() -> None:
    assert (
        Approval(frozenset({"allocate", "withdraw"}), frozenset({"overrun", "withdraw"}), 1_000_000, 14)
        == APPROVAL
    )


@pytest.mark.parametrize("kind", ["allocate", "withdraw"])
def test_a_change_of_a_cap_takes_two_people_however_small(kind: str) -> None:
    assert APPROVAL.why(kind, 1, reverses=False) == f"{kind} of 1 TPP: every {kind}"


@pytest.mark.parametrize("kind", ["license", "release", "export", "restore", "overrun", "return", "block"])
def test_what_happens_every_day_takes_one(kind: str) -> None:
    assert APPROVAL.why(kind, 10**9, reverses=False) is None


def test_a_reversal_takes_two_people_over_a_million_tpp_and_not_at_it() -> None:
    assert APPROVAL.why("release", 1_000_000, reverses=True) is None
    assert APPROVAL.why("release", 1_000_001, reverses=True) == (
        "a reversal of 1,000,001 TPP: one over 1,000,000"
    )
