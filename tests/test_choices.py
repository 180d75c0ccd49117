"""The named choices of a regime: what a file says is what the ledger does, or it is not run."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ledger import choices
from ledger.errors import Misconfigured
from ledger.facts import Table
from tests.books import REGIME

CHOSEN: dict[str, Any] = {
    name: {"value": value, "status": "choice"} for name, value in REGIME.choices.items()
}


def of(chosen: dict[str, Any]) -> dict[str, Any]:
    return dict(choices.of(Table("x", "[choices]", chosen)))


def test_the_choices_of_the_rule_can_be_run() -> None:
    assert of(CHOSEN) == REGIME.choices


def test_a_choice_may_stand_bare_beside_how_firm_they_all_are() -> None:
    assert of({**REGIME.choices, "status": "choice", "citation": "the text is silent"}) == REGIME.choices


@pytest.mark.parametrize("missing", ["reexport_credits_origin", "expiry_lag_days"])
def test_a_choice_that_is_run_has_to_be_made(missing: str) -> None:
    rest = {name: choice for name, choice in CHOSEN.items() if name != missing}
    with pytest.raises(
        Misconfigured, match=rf"x.toml cannot be used: \[choices\] does not say {missing}: write"
    ):
        of(rest)


def test_a_choice_that_nothing_goes_by_is_refused_with_the_nearest() -> None:
    said = "says pending_reserve, which this version does not know: the nearest is pending_reserves"
    with pytest.raises(Misconfigured, match=said):
        of({**CHOSEN, "pending_reserve": {"value": True}})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("pending_reserves", "false", '"false": write true or false'),
        ("critical_break_blocks", 1, "1: write true or false"),
        ("reexport_credits_origin", [], "[]: write true or false"),
        ("expiry_lag_days", "30", '"30": write a whole number from 0 to 36,500'),
        ("expiry_lag_days", -1, "-1: write a whole number from 0 to 36,500"),
        ("expiry_lag_days", True, "true: write a whole number from 0 to 36,500"),
        ("expiry_lag_days", 10**11, "100000000000: write a whole number from 0 to 36,500"),
    ],
)
def test_a_choice_of_another_type_is_refused(name: str, value: object, said: str) -> None:
    with pytest.raises(Misconfigured, match=re.escape(f"[choices] says {name} = {said}")):
        of({**CHOSEN, name: {"value": value}})


def test_a_choice_that_changes_what_is_done_may_be_made_otherwise() -> None:
    assert of({**CHOSEN, "pending_reserves": {"value": True}})["pending_reserves"] is True


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("counting_basis", "exported", '"exported"'),
        ("release_restores", False, "false"),
        ("return_restores", False, "false"),
        ("loss_restores", True, "true"),
        ("loss_restores", 0, "0"),
        ("charged_country", "origin", '"origin"'),
    ],
)
def test_a_choice_that_would_be_shown_and_not_obeyed_is_refused(name: str, value: object, shown: str) -> None:
    with pytest.raises(Misconfigured, match=f"says {name} = {shown}, which nothing here obeys"):
        of({**CHOSEN, name: {"value": value}})
