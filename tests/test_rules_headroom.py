"""What a country has left: never exceeded but by an approved fact, and raised to its double at the most."""

from __future__ import annotations

import pytest

from ledger import rules
from ledger.errors import OverHeadroom
from ledger.model import MOST_TPP
from tests.books import H100, PASSES, asked, books, quota, said

CAP = 790_000_000


def test_headroom_is_never_exceeded_and_the_refusal_says_what_would_fit() -> None:
    kept = books(quota(headroom=6_005_600))
    over = asked("license", tpp=80_702_400, device_id=H100, quantity=5_096)
    assert said(rules.within_headroom, over, kept) == (
        "OverHeadroom",
        (
            "AE has 6,005,600 TPP (379 H100e) left; 80,702,400 asked; short by 74,696,800; "
            "379 x nvidia-h100-sxm5-80gb would fit"
        ),
    )
    assert said(rules.within_headroom, asked("license", tpp=6_005_600), kept) == PASSES
    assert said(rules.within_headroom, asked("license", tpp=6_005_601), kept)[0] == "OverHeadroom"


def test_what_is_blocked_is_not_unblocked_twice() -> None:
    kept = books(quota(headroom=100, blocked=30))
    assert said(rules.within_headroom, asked("unblock", tpp=30), kept) == PASSES
    assert said(rules.within_headroom, asked("unblock", tpp=31), kept) == (
        "OverHeadroom",
        "AE has 30 TPP blocked; 31 asked; short by 1",
    )


def test_proposals_that_wait_hold_headroom_alone_and_are_named_only_where_it_is_short() -> None:
    kept = books(quota(headroom=100, blocked=30))
    kept.reserved = {"country/AE": 40}
    assert said(rules.within_headroom, asked("license", tpp=60), kept) == PASSES
    assert said(rules.within_headroom, asked("license", tpp=61), kept) == (
        "OverHeadroom",
        "AE has 60 TPP left beside pending proposals; 61 asked; short by 1",
    )
    assert said(rules.within_headroom, asked("unblock", tpp=30), kept) == PASSES
    assert said(rules.within_headroom, asked("unblock", tpp=31), kept) == (
        "OverHeadroom",
        "AE has 30 TPP blocked; 31 asked; short by 1",
    )


@pytest.mark.parametrize("kind", ["overrun", "withdraw"])
@pytest.mark.parametrize(("approver", "reason"), [("omar", "shipped"), ("omar", None), (None, "shipped")])
def test_only_an_approval_with_a_reason_takes_headroom_below_zero(
    kind: str, approver: str | None, reason: str | None
) -> None:
    kept = books(quota(headroom=10), approver=approver)
    found = said(rules.within_headroom, asked(kind, tpp=11, reason=reason), kept)
    advised = "AE has 10 TPP left; 11 asked; short by 1; a second officer may approve it, with a reason"
    assert found == (PASSES if approver and reason else ("OverHeadroom", advised))


@pytest.mark.parametrize("kind", ["license", "block"])
def test_no_approval_lets_a_license_or_a_block_below_zero(kind: str) -> None:
    kept = books(quota(headroom=10), approver="omar")
    assert said(rules.within_headroom, asked(kind, tpp=11, reason="why"), kept)[0] == "OverHeadroom"


def test_a_cap_is_raised_to_its_double_at_the_most() -> None:
    kept = books(quota(regime=-CAP, headroom=CAP))
    assert said(rules.within_cap, asked("allocate", tpp=CAP), kept) == PASSES
    assert said(rules.within_cap, asked("allocate", tpp=CAP + 1), kept) == (
        "OverHeadroom",
        (
            "AE has an allocation of 790,000,000 TPP, which may be raised to 1,580,000,000 at the most; "
            "790,000,001 asked; 1 too much"
        ),
    )


def test_no_bucket_leaves_the_range_of_canonical_json() -> None:
    account = quota(regime=-CAP, headroom=CAP)
    kept = books(account, approver="omar")
    over = asked("overrun", tpp=MOST_TPP // 4, reason="shipped")
    for seq in range(2, 12):
        if rules.judge(over, kept) is None:
            kept.apply(over, seq)
    assert isinstance(rules.judge(over, kept), OverHeadroom)
    assert max(abs(tpp) for tpp in account.tpp.values()) <= MOST_TPP
