"""From what people give (an `Entry`, rows of a file) to posts that the store can judge.

Names are looked up, TPP worked out, request ids given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from ledger import evidence
from ledger.accounts import Asked
from ledger.errors import Refused, UnknownName
from ledger.feed import Batch
from ledger.model import Device, Entry
from ledger.reference import Reference
from ledger.submission import Post

PROGRAMMES = ("country",)
"""The programmes this ledger runs; NVEU, UVEU and LPP draw on quotas of their own."""

_BODY = (
    "kind", "country", "effective_on", "license_no", "device_id", "quantity", "tpp", "expires_on",
    "consignee", "exporter", "reference", "reason", "programme", "holder",
)  # fmt: skip
"""The fields of a request as given: what its id stands for."""


class Resolver:
    """Looks names up once each; a name that is not known is refused with the nearest."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._countries: dict[str, str | Refused] = {}
        self._devices: dict[str, Device | Refused] = {}

    def country(self, text: str) -> str | Refused:
        """The alpha-2 code whose quota is charged (LI follows CH), or why there is none."""
        if text not in self._countries:
            try:
                self._countries[text] = self._reference.charged(self._reference.country_code(text))
            except UnknownName as unknown:
                self._countries[text] = unknown
        return self._countries[text]

    def device(self, text: str) -> Device | Refused:
        if text not in self._devices:
            try:
                self._devices[text] = self._reference.device(text)
            except UnknownName as unknown:
                self._devices[text] = unknown
        return self._devices[text]

    def resolve(
        self, kind: str, country_text: str, effective_on: str, license_no: str | None,
        device_text: str | None, quantity: int | None, tpp: int | None, expires_on: str | None,
        consignee: str | None, exporter: str | None, reference: str | None, reason: str | None,
        programme: str, holder: str | None, reverses_seq: int | None = None,
    ) -> Asked | Refused:  # fmt: skip
        """One entry, its names looked up and its TPP worked out (quantity x the catalogue's), or why not."""
        country = self.country(country_text)
        if not isinstance(country, str):
            return country
        device_id = None
        if device_text is not None:
            device = self.device(device_text)
            if not isinstance(device, Device):
                return device
            device_id = device.device_id
            if tpp is None and quantity is not None:
                tpp = quantity * device.tpp
        if programme != "country":
            return UnknownName(
                f"no programme '{programme}' in this ledger: it runs {', '.join(PROGRAMMES)}",
                field="programme", value=programme, nearest="country",
            )  # fmt: skip
        if holder is not None and self.country(holder) != country:
            return UnknownName(
                f"the holder of a country's quota is the country: '{holder}' is not {country}; "
                "leave it empty",
                field="holder", value=holder, nearest=country,
            )  # fmt: skip
        assert tpp is not None  # an Entry and a feed row have one, or device and quantity
        return Asked(
            kind, country, effective_on, license_no, device_id, quantity, tpp, expires_on, consignee,
            exporter, reference, reason, programme, country, reverses_seq, f"country/{country}",
        )  # fmt: skip

    def _resolve_given(self, given: dict[str, Any]) -> Asked | Refused:
        values: list[Any] = [*(given[name] for name in _BODY), given.get("reverses_seq")]
        return self.resolve(*values)

    def posts(self, entries: Sequence[Entry], request_id: str | None) -> list[Post]:
        """The entries as one submission; without a request id it is given one, and cannot be repeated."""
        bodies = [_given(entry) for entry in entries]
        body_hash = evidence.body_hash(bodies) if request_id is not None else None
        used_id = request_id if request_id is not None else uuid4().hex
        return [
            Post(used_id, part, body_hash, self._resolve_given(given), part + 1)
            for part, given in enumerate(bodies)
        ]

    def batch(self, batch: Batch, prefix: str) -> list[Post]:
        """The rows of a file, each a request; one without an id of its own has the file's and its number."""
        columns = batch.columns
        given = zip(*(columns[name] for name in _BODY), strict=True)
        return [
            Post(request_id or f"{prefix}-{row:09d}", 0, body_hash, self.resolve(*values), line)
            for request_id, body_hash, row, line, values in zip(
                columns["request_id"], columns["body_hash"], batch.rows, batch.lines, given, strict=True
            )
        ]


def _given(entry: Entry) -> dict[str, Any]:
    """The entry as a file would give it; the entry it reverses only where there is one."""
    fields = entry.model_dump(mode="json")
    return fields if entry.reverses_seq is not None else {name: fields[name] for name in _BODY}
