"""Reference data as the rows of an answer: days are days, figures numbers; on a day, what was valid then.

Pure: `reference` has the data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from ledger import reference
from ledger.answer import Rows
from ledger.model import Regime
from ledger.reference import Reference

What = Literal["regime", "devices", "countries"]

_VALID = {"valid_from": "date32[day]", "valid_to": "date32[day]", "source": "string"}
_TYPES: Mapping[What, Mapping[str, str]] = {
    "regime": dict.fromkeys(("key", "value", "status", "citation"), "string"),
    "devices": {
        "device_id": "string", "vendor": "string", "device_name": "string", "tpp": "int64",
        "declared_tpp": "int64", "h100e": "decimal128(18, 2)", "performance_density": "decimal128(9, 2)",
        "counts_3a090_a": "bool", "confidence": "string", **_VALID,
    },
    "countries": {
        "country": "string", "alpha_3": "string", "country_name": "string", "tier": "int64",
        "treated_as": "string", **_VALID,
    },
}  # fmt: skip
"""The columns of each, with their types as Arrow names them."""

_READ: Mapping[str, Callable[[str], Any]] = {
    "date32[day]": date.fromisoformat, "decimal128(9, 2)": Decimal,
}  # fmt: skip
"""What is text in the files, and no text in an answer."""


def rows(what: What, known: Reference, regime: Regime, as_of: str | None, today: str) -> Rows:
    """The rows of one of them; `as_of` a day (ISO text) those alone that were valid on it.

    The tiers of countries are those of that day, or of today. A regime has no days but those it names.
    """
    if what == "regime":
        found = reference.regime_rows(regime)
    elif what == "devices":
        found = reference.device_rows(known, regime)
    else:
        found = reference.country_rows(known, regime, as_of or today)
    types = _TYPES[what]
    if as_of is not None and "valid_from" in types:
        found = [row for row in found if row["valid_from"] <= as_of <= (row["valid_to"] or "9999")]
    values = [tuple(_typed(row[name], kind) for name, kind in types.items()) for row in found]
    return Rows(tuple(types), tuple(types.values()), values)


def _typed(value: Any, kind: str) -> Any:
    return _READ[kind](value) if value is not None and kind in _READ else value
