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
