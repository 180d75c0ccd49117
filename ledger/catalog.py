"""Reference data as the rows of an answer: days are days, figures numbers; on a day, what was valid then.

Nothing is computed here that a reader could not find in the files of `reference`, but for H100-equivalents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from ledger import reference
from ledger.answer import Rows
from ledger.model import Country, Device, Regime, h100e
from ledger.reference import Reference, Row

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
        found = regime_rows(regime)
    elif what == "devices":
        found = device_rows(known, regime)
    else:
        found = country_rows(known, regime, as_of or today)
    types = _TYPES[what]
    if as_of is not None and "valid_from" in types:
        found = [row for row in found if row["valid_from"] <= as_of <= (row["valid_to"] or "9999")]
    values = [tuple(_typed(row[name], kind) for name, kind in types.items()) for row in found]
    return Rows(tuple(types), tuple(types.values()), values)


def _typed(value: Any, kind: str) -> Any:
    return _READ[kind](value) if value is not None and kind in _READ else value


def country_rows(known: Reference, regime: Regime, on: str) -> list[Row]:
    """One row per country; `tier` (1, 2, 3 or None): that of the country it follows, on a day (ISO text)."""
    return [
        _picked(country, "country", "alpha_3", "country_name")
        | {"tier": regime.tier(known.charged(country.country), on)}
        | _picked(country, "treated_as", "valid_from", "valid_to", "source")
        for country in known.countries.values()
    ]


def device_rows(known: Reference, regime: Regime) -> list[Row]:
    """One row per device; `h100e` is TPP / `h100_tpp` of the regime, two decimals, rounded toward zero."""
    return [
        _picked(device, "device_id", "vendor", "device_name", "tpp", "declared_tpp")
        | {"h100e": h100e(device.tpp, regime.h100_tpp)}
        | {"performance_density": device.performance_density, "counts_3a090_a": device.counts}
        | _picked(device, "confidence", "valid_from", "valid_to", "source")
        for device in known.devices.values()
    ]


def regime_rows(regime: Regime) -> list[Row]:
    """One row per key of the regime's file (key, value as text, status, citation), then the other regimes."""
    documents = reference.load().documents
    text = documents[regime.regime]
    rest = {name: other for name, other in documents.items() if name != regime.regime}
    others = [(name, f"{other['title']}: {other['notice']}", other) for name, other in rest.items()]
    return [
        {
            "key": key,
            "value": _plain(value),
            "status": basis.get("status", text["status"]),
            "citation": basis.get("citation", text["citation"]),
        }
        for key, value, basis in (*_facts(text), *others)
        if key.rpartition(".")[2] not in ("status", "citation")  # they are columns
    ]


def _facts(text: Row) -> Iterator[tuple[str, Any, Row]]:
    """Every key of a regime's file with its value and the table that says how firm it is."""
    for name, value in text.items():
        if name == "country_list":
            for listed in value:
                has: Row = {key: _own(fact, listed)[0] for key, fact in listed.items()}
                until = has.get("valid_to", "further notice")
                count = f"tier {has['tier']}, count {len(has['members'])}, until {until}"
                yield f"{has['list_id']} from {has['valid_from']}", count, listed
        elif name == "programme":
            for programme, table in value.items():
                steps = {f"cap_tpp from {step['from']}": step["cap_tpp"] for step in table.get("steps", ())}
                facts = {key: fact for key, fact in table.items() if key != "steps"} | steps
                yield from ((f"{programme}.{key}", *_own(fact, table)) for key, fact in facts.items())
        elif isinstance(value, dict):
            yield from ((key, *_own(fact, value)) for key, fact in value.items())
        else:
            yield name, value, text


def _own(fact: object, table: Row) -> tuple[object, Row]:
    """A fact with what says how firm it is: its own table, where it has one, else the one it stands in."""
    return (fact["value"], fact) if isinstance(fact, dict) else (fact, table)


def _plain(value: object) -> str:
    """A value of a regime's file as text: a column has one type."""
    if isinstance(value, list):
        return ", ".join(_plain(each) for each in value) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _picked(row: Country | Device, *names: str) -> Row:
    return {name: getattr(row, name) for name in names}
