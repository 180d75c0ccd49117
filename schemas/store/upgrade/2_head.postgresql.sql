-- One row: the head as it was, with the ledger's own name, the key of its salts, and the edge of its tree.
update head
set schema_version = 2, origin = :origin, salt_key = :salt_key, shared = 0, tree = :tree
