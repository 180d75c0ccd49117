"""The accounts that a history adds up to: every entry applied again, as when it was first posted.

What `balance` keeps is not copied when a ledger moves, but made anew from its entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ledger.accounts import Account, Asked, Books
from ledger.model import Regime


class Replay:
    """Entries in, in the order of `seq`; accounts out."""

    def __init__(self, regime: Regime) -> None:
        self._books = Books(regime, today="", actor="")

    def take(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Apply entries that follow those taken before; each holds at least the fields that are hashed."""
        for entry in entries:
            asked = Asked(**{name: entry[name] for name in Asked._fields})
            if asked.license_no is not None:
                self._books.issues.setdefault(asked.license_no, {})
            self._books.approver = entry["approver"]
            self._books.apply(asked, entry["seq"])

    def accounts(self) -> Iterator[Account]:
        """Every quota, then every license."""
        for account in (*self._books.quotas.values(), *self._books.licenses.values()):
            if account is not None:
                yield account
