"""The named choices of a regime, made where the rule's text is silent: which of their values can be run."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ledger.errors import Misconfigured

Choice = str | int | bool

_BUILT_IN: Mapping[str, Choice] = MappingProxyType({
    "counting_basis": "licensed", "release_restores": True, "return_restores": True,
    "loss_restores": False, "charged_country": "destination",
})  # fmt: skip
"""What the moves themselves say (`model.MOVES`): a file that chose otherwise would not be obeyed."""


_RUN: Mapping[str, type] = MappingProxyType({
    "reexport_credits_origin": bool, "pending_reserves": bool, "critical_break_blocks": bool,
    "expiry_lag_days": int,
})  # fmt: skip
"""What is run as the file chooses, and so has to stand in it."""


def of(regime: str, table: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Choice]:
    """The values of the table `choices` of a regime's file. Raises Misconfigured for what cannot be run."""
    chosen: dict[str, Choice] = {name: choice["value"] for name, choice in table.items()}
    for name, value in chosen.items():
        if (why := _unrunnable(name, value)) is not None:
            raise Misconfigured(f"regime {regime} chooses {name} = {value!r}, {why}", regime=regime)
    if missing := ", ".join(sorted(_RUN.keys() - chosen)):
        raise Misconfigured(f"regime {regime} does not choose {missing}: write it", regime=regime)
    return MappingProxyType(chosen)


def _unrunnable(name: str, value: Choice) -> str | None:
    """Why a choice cannot be run, as the end of a sentence; None where it can."""
    if name in _BUILT_IN:
        only = _BUILT_IN[name]
        return None if value == only else f"which this version cannot run: it knows {only!r} alone"
    kind = _RUN.get(name)
    if kind is None:
        return f"which is no choice that this version knows: it knows {', '.join([*_BUILT_IN, *_RUN])}"
    if kind is bool:
        return None if type(value) is bool else "which has to be true or false"
    return None if type(value) is int and value >= 0 else "which has to be a whole number from 0 on"
