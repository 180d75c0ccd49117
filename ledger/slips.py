"""What most likely went wrong where a stated TPP is off by a telling factor."""

from __future__ import annotations

_SLIPS = {2: "a sparse rate counted as dense", 1000: "thousands for units"}
_SYSTEM_SIZES = (4, 8, 36, 72)


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
