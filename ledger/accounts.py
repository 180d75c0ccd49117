"""The books in memory: what each quota and each license holds, and what an entry does to them.

`Books.apply` is the move of one entry; `balances` is the same fold without any of the machinery, for tests
and `verify` to hold the store and DuckDB to. Nothing here does I/O or reads a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ledger import slips
from ledger.model import BUCKETS, HELD_BY_LICENSE, MOVES, Device, Kind, Regime

NO_LICENSE = ""
"""The license number of a quota's own account."""

Term = tuple[str, str | None]
"""The day that a license was issued for, and its expiry."""

_MOVES = {kind.value: move for kind, move in MOVES.items()}
_LICENSE, _RELEASE = Kind.license.value, Kind.release.value


class Asked(NamedTuple):
    """One entry as judged: names resolved against the reference data, TPP worked out, days as ISO text."""

    kind: str
    country: str
    effective_on: str
    license_no: str | None
    device_id: str | None
    quantity: int | None
    tpp: int
    expires_on: str | None
    consignee: str | None
    exporter: str | None
    reference: str | None
    reason: str | None
    programme: str
    holder: str
    reverses_seq: int | None
    quota: str

    def fitting(self, held_tpp: int) -> int | None:
        """How many whole devices of the kind asked for would fit; None where the entry names no device."""
        return None if self.quantity is None else max(0, held_tpp * self.quantity // self.tpp)


class Undoable(NamedTuple):
    """A stored entry that is to be undone, and what became of it: the columns of `store/reversal_of`."""

    kind: str
    quota: str
    license_no: str | None
    tpp: int
    device_id: str | None
    quantity: int | None
    reverses_seq: int | None
    stands_seq: int | None
    reversed_by_seq: int | None
    effective_on: str


@dataclass(slots=True)
class Account:
    """What a quota, or a license in it, holds in each bucket (whole TPP), and a license's own dates."""

    quota: str
    license_no: str
    tpp: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BUCKETS, 0))
    issued_on: str | None = None
    expires_on: str | None = None
    closed_by_seq: int | None = None
    closed_reason: str | None = None
    overdraft_approver: str | None = None
    moved: bool = False
    """Whether its number was another country's, under which nothing stands: the store has to be told."""

    @property
    def stands(self) -> bool:
        """Whether anything is in it, or an entry that issued the license was not undone."""
        return self.issued_on is not None or any(self.tpp.values())

    def takes(self, asked: Asked) -> bool:
        """Whether its license is one of the quota asked for, or may become that: nothing stands of it."""
        return self.quota == asked.quota or (asked.kind == _LICENSE and not self.stands)


@dataclass(slots=True)
class Books:
    """The accounts that a group of posts is judged against, and the facts that hold for all of them."""

    regime: Regime
    today: str
    actor: str
    approver: str | None = None
    devices: Mapping[str, Device] = field(default_factory=dict)
    quotas: dict[str, Account | None] = field(default_factory=dict)
    licenses: dict[str, Account | None] = field(default_factory=dict)
    undone: dict[int, Undoable] = field(default_factory=dict)
    """The entries named by a `reverses_seq` that there are, by seq."""

    reserved: Mapping[str, int] = field(default_factory=dict)
    """By quota: TPP of headroom that pending proposals hold, where the regime says that they do."""

    looked_for: frozenset[str] = frozenset()
    """License numbers that do not exist; existing ones that differ by one typing slip are in `licenses`."""

    alone: bool = True
    """Whether all that is judged is one submission; else what the others ask is no part of an answer."""

    issues: dict[str, dict[int, Term]] = field(default_factory=dict)
    """For each license that a reversal here may touch: (issued_on, expires_on) of every entry that issued it
    and was not undone, by seq."""

    def share(self, others: Books) -> None:
        """Work on the accounts of other books, for a submission that is judged after theirs."""
        self.alone, self.quotas, self.licenses = others.alone, others.quotas, others.licenses
        self.undone, self.issues, self.looked_for = others.undone, others.issues, others.looked_for

    def holder_of(self, bucket: str, asked: Asked) -> Account | None:
        """The account whose `bucket` an entry touches: its license's, or the quota's own."""
        if asked.license_no is not None and bucket in HELD_BY_LICENSE:
            return self.licenses.get(asked.license_no)
        return self.quotas.get(asked.quota)

    def nearest_license(self, asked: Asked) -> str | None:
        """The license of the same quota that was likely meant; None where there is no such."""
        if asked.license_no is None or asked.license_no not in self.looked_for:
            return None
        near = ((number, self.licenses.get(number)) for number in slips.meant(asked.license_no))
        return next((number for number, found in near if found and found.quota == asked.quota), None)

    def free(self, bucket: str, quota: str) -> int:
        """What may be taken out of `headroom` or `blocked` (whole TPP): what is there and not reserved."""
        account = self.quotas.get(quota)
        held = account.tpp[bucket] if account is not None else 0
        return held - self.reserved.get(quota, 0) if bucket == "headroom" else held

    def apply(self, asked: Asked, seq: int) -> int:
        """Move the TPP of an entry that the rules let pass; the quota's headroom after it."""
        quota = self.quotas.get(asked.quota)
        if quota is None:
            quota = self.quotas[asked.quota] = Account(asked.quota, NO_LICENSE)
        kind, tpp, number = asked.kind, asked.tpp, asked.license_no
        source, target = _MOVES[kind]
        if number is None:
            holder = quota
        else:
            held = self.licenses.get(number)
            holder = held if held is not None and held.quota == asked.quota else self._opened(asked, held)
            if kind in (_LICENSE, _RELEASE):
                self._keep_term(holder, asked, seq)
        (holder if source in HELD_BY_LICENSE else quota).tpp[source] -= tpp
        (holder if target in HELD_BY_LICENSE else quota).tpp[target] += tpp
        if kind == _RELEASE and asked.reverses_seq is None and holder.tpp["licensed"] == 0:
            holder.closed_by_seq, holder.closed_reason = seq, asked.reason
        if asked.reverses_seq is not None and asked.reverses_seq in self.undone:
            undone = self.undone[asked.reverses_seq]
            self.undone[asked.reverses_seq] = undone._replace(reversed_by_seq=seq)
        headroom = quota.tpp["headroom"]
        quota.overdraft_approver = (quota.overdraft_approver or self.approver) if headroom < 0 else None
        return headroom

    def _opened(self, asked: Asked, before: Account | None) -> Account:
        number = asked.license_no or NO_LICENSE
        account = self.licenses[number] = Account(asked.quota, number, moved=before is not None)
        return account

    def _keep_term(self, holder: Account, asked: Asked, seq: int) -> None:
        """A license is in force from the first day it was issued for, to the expiry it was last given."""
        issues = self.issues.get(holder.license_no, {})
        if asked.kind == _RELEASE:
            if asked.reverses_seq is not None:
                del issues[asked.reverses_seq]
                holder.issued_on, holder.expires_on = _term(issues)
            return
        if asked.reverses_seq is None:
            issues[seq] = asked.effective_on, asked.expires_on
            holder.issued_on = min(holder.issued_on or asked.effective_on, asked.effective_on)
            holder.expires_on = asked.expires_on
        holder.closed_by_seq = holder.closed_reason = None


def _term(issues: Mapping[int, Term]) -> tuple[str | None, str | None]:
    """When a license was issued and when it expires, by the entries that issued it and still stand."""
    if not issues:
        return None, None
    return min(issued_on for issued_on, _ in issues.values()), issues[max(issues)][1]


def balances(entries: Iterable[tuple[str, str, str | None, int]]) -> dict[tuple[str, str, str], int]:
    """What every account holds after the entries (quota, kind, license_no, tpp): the fold that tests believe.

    Keys are (quota, license or empty text, bucket); values whole TPP. The values of a quota sum to zero.
    """
    held: dict[tuple[str, str, str], int] = {}
    for quota, kind, license_no, tpp in entries:
        for bucket, delta in zip(MOVES[Kind(kind)], (-tpp, tpp), strict=True):
            key = (quota, (license_no or NO_LICENSE) if bucket in HELD_BY_LICENSE else NO_LICENSE, bucket)
            held[key] = held.get(key, 0) + delta
    return held
