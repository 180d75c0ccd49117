"""What one person types who has nobody to confirm what was proposed for a break."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.recon_alone import by_hand

SOLD = {
    "country": "SA",
    "effective_on": "2026-10-05",
    "license_no": "L1",
    "device_id": "h100",
    "quantity": 100,
}
UNDOES = SOLD | {"kind": "restore", "reverses_seq": 161}
RIGHT = SOLD | {"kind": "export", "quantity": 90, "reverses_seq": None}


@pytest.mark.parametrize(
    ("entries", "command"),
    [
        ([UNDOES], "tppq reverse 161 --reason WHY"),
        (
            [UNDOES, UNDOES | {"reverses_seq": 162}],
            "tppq reverse 161 --reason WHY and tppq reverse 162 --reason WHY",
        ),
        ([UNDOES, RIGHT], "tppq correct 161 --set quantity=90 --reason WHY"),
        (
            [RIGHT | {"license_no": "L2"}, UNDOES],
            "tppq correct 161 --set license_no=L2 --set quantity=90 --reason WHY",
        ),
        ([UNDOES, RIGHT | {"quantity": 100}], "tppq correct 161 --set KEY=VALUE --reason WHY"),
        (
            [
                UNDOES | {"device_id": None, "quantity": None, "tpp": 7},
                RIGHT | {"device_id": None, "quantity": None, "tpp": 5},
            ],
            "tppq correct 161 --set tpp=5 --reason WHY",
        ),
        (
            [UNDOES, RIGHT | {"kind": "overrun", "country": "AE", "license_no": None, "quantity": 100}],
            "tppq correct 161 --set kind=overrun --set country=AE --set license_no= --reason WHY",
        ),
        (
            [UNDOES | {"tpp": 8, "reference": "X1"}, RIGHT | {"tpp": 7, "reference": "X 2"}],
            "tppq correct 161 --set quantity=90 --set tpp=7 --set 'reference=X 2' --reason WHY",
        ),
        ([{"kind": "block", "country": "SA", "tpp": 5}], "tppq post FILE (with a row for it)"),
        ([UNDOES, UNDOES, RIGHT], "tppq reverse of what is wrong and tppq post FILE (with what is right)"),
    ],
)
def test_what_was_proposed_is_posted_by_the_commands_that_it_comes_to(
    entries: list[dict[str, Any]], command: str
) -> None:
    assert by_hand(entries) == command
