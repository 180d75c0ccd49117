"""What every part of an open ledger shares: its store, its terms, the names it knows, its core."""

from __future__ import annotations

from ledger import publish, reference
from ledger.model import Regime
from ledger.posting import Resolver
from ledger.store import Store


class Opened:
    """An open ledger, of which `Questions` and the other parts of `Ledger` are made."""

    def __init__(self, store: Store, regime: Regime, actor: str) -> None:
        self._store = store
        self._terms = regime
        self.actor = actor
        self._reference = reference.load()
        self._resolver = Resolver(self._reference)
        self._mirror = publish.Mirror(store, regime, self._reference)
