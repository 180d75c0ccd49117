"""Rules about people and reversals, and which rule speaks first: one outcome per entry."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ledger import rules
from ledger.accounts import Undoable
from ledger.errors import Refused
from tests.books import H100, H100_TPP, PASSES, REGIME, asked, books, issued, quota, said

CAP = 790_000_000


# --- people and reversals -------------------------------------------------------------------------


@pytest.mark.parametrize(("approver", "refused"), [(None, ""), ("omar", ""), ("MARIA", "SelfApproval")])
def test_nobody_approves_what_they_post(approver: str | None, refused: str) -> None:
    assert said(rules.two_people, asked("allocate"), books(approver=approver))[0] == refused


def test_a_self_approval_is_said_by_name() -> None:
    assert said(rules.two_people, asked("allocate"), books(approver="maria"))[1] == (
        "maria posts this and cannot approve it too: a second officer must"
    )


def test_an_entry_that_cannot_be_undone_is_refused_with_the_reason_found() -> None:
    kept, undoing = books(), asked("withdraw", tpp=7_000_000, reverses_seq=7)
    stored = Undoable(
        "allocate", undoing.quota, None, undoing.tpp, None, None, None, None, None, undoing.effective_on
    )
    kept.undone = {7: stored}
    assert said(rules.reversed_once, asked("withdraw"), kept) == PASSES
    assert said(rules.reversed_once, undoing, kept) == PASSES
    assert said(rules.reversed_once, undoing._replace(tpp=undoing.tpp + 1), kept) == (
        "AlreadyReversed",
        f"entry 7 is undone by withdraw of 7,000,000 TPP on {undoing.effective_on}, not by what was asked",
    )
    kept.apply(undoing, 9)
    assert said(rules.reversed_once, undoing, kept) == (
        "AlreadyReversed",
        "entry 7 was reversed before, by entry 9: an entry is undone once, whole",
    )
    assert said(rules.reversed_once, asked("withdraw", reverses_seq=8), kept) == (
        "AlreadyReversed",
        "there is no entry 8 to reverse",
    )


# --- precedence -----------------------------------------------------------------------------------


TOO_MUCH = 5 * CAP // H100_TPP
FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("DenialPolicy", {"country": "CN", "quota": "country/CN"}),
    ("OutsidePeriod", {"effective_on": "2028-01-01"}),
    ("NotCounted", {"device_id": "nvidia-t4"}),
    ("TppMismatch", {"quantity": 1}),
    ("SelfApproval", {}),
    ("UnknownLicense", {"license_no": "S-1"}),
    ("OverHeadroom", {}),
]
"""What a license may have wrong, in the order in which it is said; SelfApproval is a fault of the books."""


@pytest.mark.parametrize("first", range(len(FAULTS)), ids=[name for name, _ in FAULTS])
def test_of_all_that_is_wrong_with_a_license_the_first_rule_answers(first: int) -> None:
    remaining = dict(FAULTS[first:])
    approver = "maria" if "SelfApproval" in remaining else "omar"
    kept = books(quota("AE", headroom=CAP), issued("S-1", "SA"), approver=approver)
    fields: dict[str, Any] = {
        "tpp": TOO_MUCH * H100_TPP,
        "device_id": H100,
        "quantity": TOO_MUCH,
        "license_no": "L-2",
    }
    for fault in remaining.values():
        fields |= fault
    assert type(rules.judge(asked("license", **fields), kept)).__name__ == FAULTS[first][0]


EXPORT_FAULTS = [("UnknownLicense", "L-9", "2025-05-05"), ("LicenseExpired", "L-1", "2025-05-05")]


@pytest.mark.parametrize(("name", "number", "on"), [*EXPORT_FAULTS, ("OverLicense", "L-1", "2026-02-01")])
def test_the_first_rule_that_refuses_an_export_is_the_one_that_answers(
    name: str, number: str, on: str
) -> None:
    kept = books(quota(headroom=CAP), issued("L-1", licensed=5))
    refusal = rules.judge(asked("export", tpp=6, license_no=number, effective_on=on), kept)
    assert type(refusal).__name__ == name


def test_a_reversal_is_not_judged_by_the_facts_of_what_it_undoes_but_by_what_is_held() -> None:
    kept = books(quota("CN", headroom=10, blocked=5))
    kept.undone[4] = Undoable("block", "country/CN", None, 5, "nvidia-t4", 1, None, None, None, "2026-02-01")
    kept.regime = replace(REGIME, period_from="2027-01-01")
    undoing = asked("unblock", "CN", tpp=5, device_id="nvidia-t4", quantity=1, reverses_seq=4)
    assert rules.judge(undoing, kept) is None
    kept.undone[4] = kept.undone[4]._replace(tpp=6)
    refusal = rules.judge(undoing._replace(tpp=6), kept)
    assert isinstance(refusal, Refused)
    assert type(refusal).__name__ == "OverHeadroom"
