"""The desk: what the front desk does, for a ledger with every one of its parts, to be written to as well."""

from __future__ import annotations

from ledger.book import Ledger
from ledger.cli.front_desk import FrontDesk


class Desk(FrontDesk):
    """A front desk that opens the ledger it is about with every one of its parts."""

    def open(self) -> Ledger:
        """The ledger of this session. Raises Misconfigured, Unreachable, NotPermitted."""
        self.tell_which()
        return Ledger.open(self.url, **self.how_to_open())
