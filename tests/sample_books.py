"""The books of whoever wrote the sample: each act writes a row of the feed, and keeps count of what it did.

They know nothing of the ledger but its catalogue and how much a country is allotted, so that what they
expect is an answer of their own. Amounts are whole TPP, `chips` whole devices, days numbers from the first of
2025 on (`DAYS`).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import NamedTuple

from ledger.model import Device

CAP = 790_000_000
START = date(2025, 1, 1)
DAYS = [(START + timedelta(days=number)).isoformat() for number in range(3 * 366)]
LAST = DAYS.index("2026-10-31")
COLUMNS = (
    "kind", "country", "effective_on", "license_no", "device_id", "quantity", "tpp", "expires_on",
    "request_id", "consignee", "exporter", "reference", "reason",
)  # fmt: skip

Row = tuple[str | int, ...]


class Chip(NamedTuple):
    """A device as licensed: TPP a piece by the catalogue, or, where that is what is stated, its maker's."""

    device_id: str
    tpp: int
    stated: bool

    @classmethod
    def of(cls, device: Device, *, declared: bool = False) -> Chip:
        if declared and device.declared_tpp is not None:
            return cls(device.device_id, device.declared_tpp, stated=True)
        return cls(device.device_id, device.tpp, stated=False)


LOOSE = Chip("", 1, stated=True)
"""For entries without a device: each of their `chips` is one TPP."""


class License:
    """What a license holds and what left under it, in chips."""

    __slots__ = ("chip", "closed", "country", "expires", "held", "issued", "number", "shipped")

    def __init__(self, number: str, country: str, chip: Chip, issued: int, expires: int) -> None:
        self.number = number
        self.country = country
        self.chip = chip
        self.issued = issued
        self.expires = expires
        self.held = self.shipped = 0
        self.closed = False  # given up, whole, at some time


class Books:
    """What is left of each country, and the rows written so far that nobody has fetched yet."""

    def __init__(self, countries: list[str]) -> None:
        self.left_tpp = dict.fromkeys(countries, CAP)
        self.blocked_tpp = dict.fromkeys(countries, 0)
        self.unlicensed_tpp = dict.fromkeys(countries, 0)
        self.rows: list[Row] = []
        self.count = 0
        self.outcomes: list[tuple[int, str]] = []
        self.due: defaultdict[int, list[License]] = defaultdict(list)
        """Licenses by the day on which their remainder is given up: 30 days after they expire."""
        self._licenses = 0

    def row(
        self, kind: str, country: str, day: int | str, number: str = "", chip: Chip = LOOSE, chips: int = 0,
        *, expires: int | str = "", request_id: str = "", consignee: str = "", exporter: str = "",
        reference: str = "", reason: str = "",
    ) -> None:  # fmt: skip
        """Write a row; what it moves is for the caller to count."""
        self.rows.append((
            kind, country, DAYS[day] if isinstance(day, int) else day, number, chip.device_id,
            chips if chip.device_id else "", chips * chip.tpp if chip.stated else "",
            DAYS[expires] if isinstance(expires, int) else expires,
            request_id, consignee, exporter, reference, reason,
        ))  # fmt: skip
        self.count += 1

    def refused(
        self, error: str, kind: str, country: str, day: int | str, number: str = "", chip: Chip = LOOSE,
        chips: int = 1, **texts: str,
    ) -> None:  # fmt: skip
        """Write a row that the ledger has to refuse, and as what."""
        self.outcomes.append((self.count + 2, error))
        self.row(kind, country, day, number, chip, chips, **texts)

    def repeat(self, row: Row, *, same: bool) -> None:
        """Write a row whose request id was used before: for the same request, or for another."""
        self.outcomes.append((self.count + 2, "replayed" if same else "IdReused"))
        self.rows.append(row)
        self.count += 1

    def next_number(self, day: int) -> str:
        self._licenses += 1
        return f"D{DAYS[day][:4]}-{self._licenses:05d}"

    # -------------------------------------------------------------------------------------- the ten kinds

    def allocate(self, country: str, day: int, tpp: int, **texts: str) -> None:
        self.row("allocate", country, day, "", LOOSE, tpp, **texts)
        self.left_tpp[country] = self.left_tpp.get(country, 0) + tpp

    def withdraw(self, country: str, day: int, tpp: int, **texts: str) -> None:
        self.row("withdraw", country, day, "", LOOSE, tpp, **texts)
        self.left_tpp[country] -= tpp

    def license(
        self, country: str, day: int, chip: Chip, chips: int, *, number: str | None = None, spelled: str = "",
        expires: int | None = None, request_id: str = "", consignee: str = "", exporter: str = "",
        reason: str = "",
    ) -> License:  # fmt: skip
        """A new license; it expires after a year, unless `expires` says otherwise."""
        given = License(
            number or self.next_number(day), country, chip, day, day + 365 if expires is None else expires
        )
        self.increase(
            given, day, chips, spelled=spelled, expires="" if expires is None else expires,
            request_id=request_id, consignee=consignee, exporter=exporter, reason=reason,
        )  # fmt: skip
        self.due[given.expires + 30].append(given)
        return given

    def increase(
        self, given: License, day: int, chips: int, *, spelled: str = "", expires: int | str = "",
        request_id: str = "", consignee: str = "", exporter: str = "", reason: str = "",
    ) -> None:  # fmt: skip
        self.row(
            "license", spelled or given.country, day, given.number, given.chip, chips, expires=expires,
            request_id=request_id, consignee=consignee, exporter=exporter, reason=reason,
        )  # fmt: skip
        given.held += chips
        self.left_tpp[given.country] -= chips * given.chip.tpp

    def release(self, given: License, day: int, chips: int, reason: str, reference: str = "") -> None:
        self.row(
            "release", given.country, day, given.number, given.chip, chips, reference=reference,
            reason=reason,
        )  # fmt: skip
        given.held -= chips
        given.closed = given.closed or not given.held
        self.left_tpp[given.country] += chips * given.chip.tpp

    def export(
        self,
        given: License,
        day: int,
        chips: int,
        *,
        spelled: str = "",
        reference: str = "",
        request_id: str = "",
    ) -> None:
        self.row(
            "export", spelled or given.country, day, given.number, given.chip, chips, reference=reference,
            request_id=request_id,
        )  # fmt: skip
        given.held -= chips
        given.shipped += chips

    def restore(self, given: License, day: int, chips: int, reference: str, reason: str) -> None:
        self.row(
            "restore", given.country, day, given.number, given.chip, chips, reference=reference,
            reason=reason,
        )  # fmt: skip
        given.held += chips
        given.shipped -= chips

    def overrun(
        self, country: str, day: int, chip: Chip, chips: int, reason: str, given: License | None = None
    ) -> None:
        self.row("overrun", country, day, given.number if given else "", chip, chips, reason=reason)
        self.left_tpp[country] -= chips * chip.tpp
        if given:
            given.shipped += chips
        else:
            self.unlicensed_tpp[country] += chips * chip.tpp

    def return_(self, given: License, day: int, chips: int, reference: str) -> None:
        self.row("return", given.country, day, given.number, given.chip, chips, reference=reference)
        given.shipped -= chips
        self.left_tpp[given.country] += chips * given.chip.tpp

    def return_unlicensed(self, country: str, day: int, tpp: int, reference: str) -> None:
        self.row("return", country, day, "", LOOSE, tpp, reference=reference)
        self.unlicensed_tpp[country] -= tpp
        self.left_tpp[country] += tpp

    def block(self, country: str, day: int, tpp: int, reason: str) -> None:
        self.row("block", country, day, "", LOOSE, tpp, reason=reason)
        self.left_tpp[country] -= tpp
        self.blocked_tpp[country] += tpp

    def unblock(self, country: str, day: int, tpp: int, reason: str = "") -> None:
        self.row("unblock", country, day, "", LOOSE, tpp, reason=reason)
        self.left_tpp[country] += tpp
        self.blocked_tpp[country] -= tpp
