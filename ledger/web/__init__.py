"""The ledger over HTTP: each path is the method of `Ledger` with its name. `serving` is the way in."""
