"""The named choices of a regime, made where the rule's text is silent: which of their values can be run."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ledger.facts import HOW_FIRM, Table

Choice = str | int | bool

_BUILT_IN: Mapping[str, Choice] = MappingProxyType({
    "counting_basis": "licensed", "release_restores": True, "return_restores": True,
    "loss_restores": False, "charged_country": "destination",
})  # fmt: skip
"""What the moves themselves say (`model.MOVES`): a file that chose otherwise would not be obeyed."""

RUN: Mapping[str, type] = MappingProxyType({
    "reexport_credits_origin": bool, "pending_reserves": bool, "critical_break_blocks": bool,
    "expiry_lag_days": int,
})  # fmt: skip
"""What is run as the file chooses, and so has to stand in it."""

_MOST_DAYS = 36_500


def of(table: Table) -> Mapping[str, Choice]:
    """The values of the table [choices] of a regime's file. Raises Misconfigured for what cannot be run."""
    table.must_know((*_BUILT_IN, *RUN))
    for name, only in _BUILT_IN.items():
        table.must_hold(name, only, "the moves themselves say it")
    for name, kind in RUN.items():
        if kind is int:
            table.whole(name, 0, _MOST_DAYS)
        elif type(table.value(name)) is not bool:
            table.must_be(name, "true or false")
    return MappingProxyType({name: table.value(name) for name in table.facts if name not in HOW_FIRM})
