"""What takes two people in a shared ledger, as the regime's file says it: table [approval]."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Approval:
    """`kinds` always take two people, those of `beyond_headroom` where they take headroom below zero.

    Reversals take two where they move more than so many TPP. A proposal expires after so many `days`.
    """

    kinds: frozenset[str]
    beyond_headroom: frozenset[str]
    reversals_over_tpp: int
    days: int

    def why(self, kind: str, tpp: int, *, reverses: bool) -> str | None:
        """What about an entry takes two people whatever headroom is; None where one person may post it."""
        if kind in self.kinds:
            return f"{kind} of {tpp:,} TPP: every {kind}"
        if reverses and tpp > self.reversals_over_tpp:
            return f"a reversal of {tpp:,} TPP: one over {self.reversals_over_tpp:,}"
        return None
