"""The named choices of a regime: what a file says is what the ledger does, or it is not run."""

from __future__ import annotations

from typing import Any

import pytest

from ledger import choices
from ledger.errors import Misconfigured
from tests.books import REGIME

TABLE: dict[str, dict[str, Any]] = {
    name: {"value": value, "status": "choice"} for name, value in REGIME.choices.items()
}


def test_the_choices_of_the_rule_can_be_run() -> None:
    assert choices.of("x", TABLE) == REGIME.choices


@pytest.mark.parametrize("missing", ["reexport_credits_origin", "expiry_lag_days"])
def test_a_choice_that_is_run_has_to_be_made(missing: str) -> None:
    rest = {name: choice for name, choice in TABLE.items() if name != missing}
    with pytest.raises(Misconfigured, match=f"regime x does not choose {missing}: write it"):
        choices.of("x", rest)


def test_a_choice_that_nothing_goes_by_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(
        Misconfigured, match=r"pending_reserve = True, which is no choice .* pending_reserves"
    ):
        choices.of("x", {**TABLE, "pending_reserve": {"value": True}})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("pending_reserves", "false", "true or false"),
        ("critical_break_blocks", 1, "true or false"),
        ("reexport_credits_origin", None, "true or false"),
        ("expiry_lag_days", "30", "a whole number from 0 on"),
        ("expiry_lag_days", -1, "a whole number from 0 on"),
        ("expiry_lag_days", True, "a whole number from 0 on"),
    ],
)
def test_a_choice_of_another_type_is_refused(name: str, value: object, said: str) -> None:
    with pytest.raises(Misconfigured, match=f"chooses {name} = {value!r}, which has to be {said}"):
        choices.of("x", {**TABLE, name: {"value": value}})


def test_a_choice_that_changes_what_is_done_may_be_made_otherwise() -> None:
    assert choices.of("x", {**TABLE, "pending_reserves": {"value": True}})["pending_reserves"] is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("counting_basis", "exported"),
        ("release_restores", False),
        ("return_restores", False),
        ("loss_restores", True),
        ("charged_country", "origin"),
    ],
)
def test_a_choice_that_would_be_shown_and_not_obeyed_is_refused(name: str, value: object) -> None:
    with pytest.raises(
        Misconfigured, match=f"regime x chooses {name} = {value!r}, which this version cannot"
    ):
        choices.of("x", {**TABLE, name: {"value": value}})
