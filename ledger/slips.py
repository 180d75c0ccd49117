"""What most likely went wrong where a stated TPP is off by a telling factor, or a number is not known."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.model import MOST_TPP

_SLIPS = {2: "a sparse rate counted as dense", 1000: "thousands for units"}
_SYSTEM_SIZES = (4, 8, 36, 72)
_LONGEST_TYPED = 40


def likely_slip(stated_tpp: int, expected_tpp: int, bit_length: int) -> str:
    """The mistake that a ratio suggests, as the end of a sentence; empty where none fits within 2 %."""

    def near(much: int, little: int, ratio: int) -> bool:
        return abs(much - little * ratio) * 100 <= little * ratio * 2

    for bits in (bit_length, 8, 16):
        if near(expected_tpp, stated_tpp, bits):
            return (
                f": {bits} times too little, a rate (TOPS) given as TPP? multiply by the bit length, {bits}"
            )
    for ratio, slip in _SLIPS.items():
        if near(stated_tpp, expected_tpp, ratio):
            return f": {ratio:,} times too much, {slip}?"
    for size in _SYSTEM_SIZES:
        if near(stated_tpp, expected_tpp, size):
            return f": {size} times too much, systems of {size} counted as chips? give the quantity in chips"
    return ""


def beyond_keeping(quantity: int, device_id: str, tpp: int) -> str:
    """What is said of so many devices that their TPP could not be kept exactly."""
    return (
        f"{quantity:,} x {device_id} is {tpp:,} TPP, more than can be kept exactly ({MOST_TPP:,}): "
        "is the quantity in chips?"
    )


def meant(typed: str) -> Iterator[str]:
    """What a number may have been meant to be, if one slip was made in typing it; the likeliest first.

    Its case; two places swapped, one left out, one too many, one wrong (a digit, a hyphen, or a letter of its
    own). Nothing for a number that nobody types.
    """
    if len(typed) > _LONGEST_TYPED:
        return
    signs = sorted({*"0123456789-", *typed.upper(), *typed.lower()})
    cuts = [(typed[:place], typed[place:]) for place in range(len(typed) + 1)]
    yield from (typed.upper(), typed.lower())
    yield from (before + after[1] + after[0] + after[2:] for before, after in cuts if len(after) > 1)
    yield from (before + sign + after for before, after in cuts for sign in signs)
    yield from (before + after[1:] for before, after in cuts if after)
    yield from (before + sign + after[1:] for before, after in cuts if after for sign in signs)
