-- The head after the entries of this transaction.
update head set seq = :seq, hash = :hash, recorded_at = :recorded_at, tree = :tree
