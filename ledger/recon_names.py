"""The names that others use, brought to the ledger's: countries, devices, and the days of each tier.

Each way of writing a name is looked up once, whatever the number of rows that have it, and joined to them in
DuckDB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import pyarrow as pa

from ledger import columns
from ledger.errors import UnknownName
from ledger.model import Regime
from ledger.reference import Reference

COUNTRIES, DEVICES = ("country", "from_country", "to_country"), ("device_id",)
"""The columns of the feeds that name countries, and devices."""

_SPELLING = pa.schema([("text", pa.string()), ("country", pa.string()), ("reason", pa.string())])
_DEVICE_NAME = pa.schema([
    ("text", pa.string()), ("device_id", pa.string()), ("tpp", pa.int64()), ("declared_tpp", pa.int64()),
    ("reason", pa.string()),
])  # fmt: skip
_TIER = pa.schema([
    ("country", pa.string()), ("tier", pa.int32()), ("valid_from", pa.date32()), ("valid_to", pa.date32()),
])  # fmt: skip
_Row = dict[str, Any]


class Names:
    """Every name met so far, with what it means or why it means nothing."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._spellings: dict[str, _Row] = {}
        self._device_names: dict[str, _Row] = {}

    def take_countries(self, texts: Iterable[str | None]) -> None:
        _take(texts, self._spellings, self._spelling)

    def take_devices(self, texts: Iterable[str | None]) -> None:
        _take(texts, self._device_names, self._device_name)

    def tables(self) -> dict[str, pa.Table]:
        """One row per way of writing a country, and one per name of a device."""
        return {
            "given_spelling": pa.Table.from_pylist(list(self._spellings.values()), _SPELLING),
            "given_device_name": pa.Table.from_pylist(list(self._device_names.values()), _DEVICE_NAME),
        }

    def _spelling(self, text: str) -> _Row:
        code = self._reference.country_code(text)
        return {"country": self._reference.charged(code)}

    def _device_name(self, text: str) -> _Row:
        device = self._reference.device(text)
        return {"device_id": device.device_id, "tpp": device.tpp, "declared_tpp": device.declared_tpp}


def _take(texts: Iterable[str | None], known: dict[str, _Row], meaning: Callable[[str], _Row]) -> None:
    for text in texts:
        if text is not None and text not in known:
            try:
                known[text] = {"text": text, **meaning(text)}
            except UnknownName as unknown:
                known[text] = {"text": text, "reason": unknown.detail}


def tiers(regime: Regime) -> pa.Table:
    """One row per country and span of days, with its tier."""
    rows = [
        {
            "country": country, "tier": tier, "valid_from": date.fromisoformat(since),
            "valid_to": date.fromisoformat(until or "9999-12-31"),
        }
        for country, tier, since, until in columns.tiers(regime)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, _TIER)
