"""The nouns and the moves: what an entry is, and which buckets of a quota each kind moves TPP between.

An entry moves a positive, whole number of TPP from one bucket to another, so any set of entries sums to
zero, and headroom is a sum over entries (`schemas/core/3_headroom.sql`). `Entry`, what is posted, is in
`entry`, and the table that keeps it in `tables`: they load packages that a process which only asks questions
does not need.

Days (`_on`) and instants (`_at`, UTC) are kept as ISO text in the store, so that SQLite and PostgreSQL hold
the same bytes and the hash chain survives a move between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from operator import itemgetter
from types import MappingProxyType
from typing import NamedTuple

from ledger.approval import Approval

MOST_TPP = 2**53 - 1
"""The largest whole number that JSON, JavaScript and every spreadsheet hold exactly."""


class Kind(StrEnum):
    """What happened. Each kind undoes exactly one other (`UNDONE_BY`)."""

    allocate = "allocate"
    withdraw = "withdraw"
    license = "license"
    release = "release"
    export = "export"
    restore = "restore"
    overrun = "overrun"
    return_ = "return"
    block = "block"
    unblock = "unblock"


GIVEN = (
    "kind", "country", "effective_on", "license_no", "device_id", "quantity", "tpp", "expires_on",
    "consignee", "exporter", "reference", "reason", "programme", "holder", "reverses_seq",
)  # fmt: skip
"""The fields of an entry as it is given, in order."""
as_given = itemgetter(*GIVEN)
AS_CHECKED = "_as_checked"
"""Where an entry, no copy of one and none of a subclass, keeps its values as they were checked."""


class Move(NamedTuple):
    """From which bucket to which an entry moves its TPP."""

    source: str
    target: str


MOVES: Mapping[Kind, Move] = MappingProxyType(
    {
        Kind.allocate: Move("regime", "headroom"),  # a cap is opened or raised
        Kind.withdraw: Move("headroom", "regime"),  # a cap is lowered or closed
        Kind.license: Move("headroom", "licensed"),  # a license is issued or increased: the gate
        Kind.release: Move("licensed", "headroom"),  # expired, revoked, surrendered, reduced, superseded
        Kind.export: Move("licensed", "exported"),  # goods left under a license
        Kind.restore: Move("exported", "licensed"),  # the declaration was cancelled: goods did not leave
        Kind.overrun: Move("headroom", "exported"),  # exported beyond or without a license: a fact
        Kind.return_: Move("exported", "headroom"),  # goods came back for good
        Kind.block: Move("headroom", "blocked"),  # set aside
        Kind.unblock: Move("blocked", "headroom"),
    }
)
# Every kind undoes exactly one other, which is how a mistake is put right: nothing is ever edited.
UNDONE_BY: Mapping[Kind, Kind] = MappingProxyType(
    {a: b for a in Kind for b in Kind if MOVES[a] == MOVES[b][::-1]}
)

TO_HEADROOM: Mapping[str, int] = MappingProxyType(
    {kind.value: (to == "headroom") - (of == "headroom") for kind, (of, to) in MOVES.items()}
)
"""What an entry of a kind adds to its country's headroom, by TPP: 1, -1 or 0."""

BUCKETS = ("regime", "headroom", "licensed", "exported", "blocked")
HELD_BY_LICENSE = frozenset({"licensed", "exported"})
"""Buckets kept per license, so that one license can never ship what another holds."""


NEEDS_LICENSE = frozenset({Kind.license, Kind.release, Kind.export, Kind.restore})
TAKES_LICENSE = NEEDS_LICENSE | {Kind.overrun, Kind.return_}
NEEDS_REASON = frozenset({Kind.release, Kind.block, Kind.overrun})


def whole_entry_faults(
    kind: str,
    license_no: object,
    device_id: object,
    quantity: object,
    tpp: object,
    expires_on: object,
    reason: object,
) -> list[tuple[str, str]]:
    """Which columns are missing, or are there and should not be, for this kind: (column, reason) pairs.

    Shared by `Entry` and by the feed, so that a file and a program are held to one definition.
    """
    faults: list[tuple[str, str]] = []
    if license_no is None and kind in NEEDS_LICENSE:
        faults.append(("license_no", f"is required for {kind}"))
    if license_no is not None and kind not in TAKES_LICENSE:
        faults.append(("license_no", f"does not belong to {kind}: leave it empty"))
    if (device_id is None) != (quantity is None):
        missing = "quantity" if quantity is None else "device_id"
        faults.append((missing, "is required: device_id and quantity go together"))
    if tpp is None and (device_id is None or quantity is None):
        faults.append(("tpp", "is required where device_id and quantity are not both given"))
    if expires_on is not None and kind != Kind.license:
        faults.append(("expires_on", f"belongs to license, not to {kind}: leave it empty"))
    if reason is None and kind in NEEDS_REASON:
        faults.append(("reason", f"is required for {kind}"))
    return faults


@dataclass(frozen=True, slots=True)
class Country:
    """One row of `fixtures/reference/country.csv`; `treated_as` names the country whose rules it follows."""

    country: str
    alpha_3: str | None
    country_name: str
    treated_as: str | None
    aliases: tuple[str, ...]
    valid_from: str
    valid_to: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Device:
    """One chip of `fixtures/reference/device.csv`.

    `tpp` is dense rate x bit length (3A090 notes 1-3), rounded once, in the catalogue; `declared_tpp` is
    what its maker declares. `counts` says whether it meets 3A090.a: None where the die area is unknown.
    """

    device_id: str
    vendor: str
    device_name: str
    tpp: int
    declared_tpp: int | None
    bit_length: int
    performance_density: str | None
    counts: bool | None
    confidence: str
    valid_from: str
    valid_to: str | None
    source: str


@dataclass(frozen=True, slots=True)
class CountryList:
    """A dated list of countries: a tier of the rule (1, 2 or 3) between two days, both inclusive."""

    tier: int
    valid_from: str
    valid_to: str | None
    members: frozenset[str]
    status: str
    citation: str
    cited_as: str
    """What a refusal names: the citation, unless the file says it shorter."""


@dataclass(frozen=True, slots=True)
class Regime:
    """One quota regime, from `fixtures/reference/regimes/<id>.toml`: dates, cap, divisor, named choices."""

    regime: str
    title: str
    status: str
    notice: str
    citation: str
    period_from: str
    period_to: str
    cap_tpp: int
    max_cap_tpp: int
    h100_tpp: int
    watch_percent: int
    critical_percent: int
    tpp_tolerance_percent: int
    license_years: int
    license_term_by: str
    approval: Approval
    choices: Mapping[str, str | int | bool]
    lists: tuple[CountryList, ...]

    def tier(self, country: str, on: str) -> int | None:
        """1, 2 or 3 for an alpha-2 code on a day (ISO text); None when no list has it on that day."""
        listed = self.listed(country, on)
        return None if listed is None else listed.tier

    def listed(self, country: str, on: str) -> CountryList | None:
        """The list that has an alpha-2 code on a day (ISO text)."""
        for listed in self.lists:
            if country in listed.members and listed.valid_from <= on and (listed.valid_to or "9999") >= on:
                return listed
        return None

    def opened(self) -> list[str]:
        """Every alpha-2 code that gets an opening allocation, sorted: Tier 2 on the period's first day."""
        codes = {code for listed in self.lists for code in listed.members}
        return sorted(code for code in codes if self.tier(code, self.period_from) == 2)


def h100e(tpp: int, h100_tpp: int) -> Decimal:
    """H100-equivalents of whole TPP: two decimals, cut toward zero, so that a figure never promises too much.

    The macro of the same name in `schemas/core/3_headroom.sql` answers alike; a test holds them together.
    """
    hundredths = abs(tpp) * 100 // h100_tpp
    return Decimal(hundredths if tpp >= 0 else -hundredths).scaleb(-2)
