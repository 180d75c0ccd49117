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


def of(regime: str, table: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Choice]:
    """The values of the table `choices` of a regime's file. Raises Misconfigured for one that is not run."""
    chosen: dict[str, Choice] = {name: choice["value"] for name, choice in table.items()}
    for name, only in _BUILT_IN.items():
        if name in chosen and chosen[name] != only:
            raise Misconfigured(
                f"regime {regime} chooses {name} = {chosen[name]!r}, which this version cannot run: "
                f"it knows {only!r} alone",
                regime=regime,
            )
    return MappingProxyType(chosen)
