"""A stated TPP that is off by a telling factor: the mistake is named, and none is made up."""

from __future__ import annotations

import pytest

from ledger.slips import likely_slip, meant

EXPECTED = 1_583_200


@pytest.mark.parametrize(
    ("stated", "bits", "said"),
    [
        (
            EXPECTED // 8, 8,
            ": 8 times too little, a rate (TOPS) given as TPP? multiply by the bit length, 8",
        ),
        (
            EXPECTED // 16, 8,
            ": 16 times too little, a rate (TOPS) given as TPP? multiply by the bit length, 16",
        ),
        (
            EXPECTED // 4, 4,
            ": 4 times too little, a rate (TOPS) given as TPP? multiply by the bit length, 4",
        ),
        (EXPECTED * 2, 8, ": 2 times too much, a sparse rate counted as dense?"),
        (EXPECTED * 1_000, 8, ": 1,000 times too much, thousands for units?"),
        *(
            (
                EXPECTED * size, 8,
                (f": {size} times too much, systems of {size} counted as chips? "
                "give the quantity in chips"),
            )
            for size in (4, 8, 36, 72)
        ),
    ],
)  # fmt: skip
def test_a_telling_factor_names_the_slip(stated: int, bits: int, said: str) -> None:
    assert likely_slip(stated, EXPECTED, bits) == said


@pytest.mark.parametrize("percent", [98, 102])
def test_a_factor_is_telling_within_two_percent(percent: int) -> None:
    assert likely_slip(EXPECTED * 2 * percent // 100, EXPECTED, 8) != ""


@pytest.mark.parametrize(
    "stated", [1, EXPECTED // 3, EXPECTED * 3, EXPECTED * 2 * 103 // 100, EXPECTED * 2 * 97 // 100]
)
def test_any_other_factor_says_nothing(stated: int) -> None:
    assert likely_slip(stated, EXPECTED, 8) == ""


@pytest.mark.parametrize(
    "typed",
    ["d2025-00001", "D2052-00001", "D2025-0001", "D2025-000001", "D2O25-00001", "D202500001", "D2025-00007"],
)
def test_one_slip_in_typing_a_number_leads_back_to_it(typed: str) -> None:
    assert "D2025-00001" in meant(typed)


@pytest.mark.parametrize(
    ("typed", "number"),
    [("dl2025-00001", "DL2025-00001"), ("DL2025-00001", "dl2025-00001"), ("D2025-00010", "D2025-00001")],
)
def test_all_letters_in_the_other_case_and_the_last_two_signs_swapped_are_one_slip(
    typed: str, number: str
) -> None:
    assert number in meant(typed)


@pytest.mark.parametrize("typed", ["D2025-1", "D2052-00010", "X", ""])
def test_two_slips_do_not(typed: str) -> None:
    assert "D2025-00001" not in meant(typed)


def test_what_nobody_types_is_not_searched_for_slips() -> None:
    assert len(list(meant("D2025-00001"))) < 500
    assert list(meant("x" * 41)) == []
