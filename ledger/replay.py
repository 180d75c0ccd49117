"""The accounts that a history adds up to: every entry applied again, as when it was first posted.

What `balance` keeps is not copied when a ledger moves, but made anew from its entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ledger.accounts import Account, Asked, Books
from ledger.model import Kind, Regime

Term = tuple[str, str | None]


class Replay:
    """Entries in, in the order of `seq`; accounts out."""

    def __init__(self, regime: Regime) -> None:
        self._books = Books(regime, today="", actor="")
        self._terms: dict[str, dict[int, Term]] = {}
        """By license: the day it was issued for and its expiry, by each entry that issued it and stands."""

    def take(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Apply entries that follow those taken before; each holds at least the fields that are hashed."""
        for entry in entries:
            seq, license_no, undone = entry["seq"], entry["license_no"], entry["reverses_seq"]
            asked = Asked(**{name: entry[name] for name in Asked._fields})
            if license_no is not None and undone is not None:
                issues = self._terms.get(license_no, {})
                issues.pop(undone, None)
                self._books.terms[undone] = _left_over(issues)
            elif asked.kind == Kind.license:
                self._terms.setdefault(asked.license_no or "", {})[seq] = (
                    asked.effective_on,
                    asked.expires_on,
                )
            self._books.approver = entry["approver"]
            self._books.apply(asked, seq)

    def accounts(self) -> Iterator[Account]:
        """Every quota, then every license."""
        for account in (*self._books.quotas.values(), *self._books.licenses.values()):
            if account is not None:
                yield account


def _left_over(issues: Mapping[int, Term]) -> tuple[str | None, str | None]:
    """When a license was issued and when it expires, by the entries that issued it and still stand."""
    if not issues:
        return None, None
    return min(issued_on for issued_on, _ in issues.values()), issues[max(issues)][1]
