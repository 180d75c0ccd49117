"""The ledger over HTTP: most paths are the method of `Ledger` with their name. `serving` is the way in."""
