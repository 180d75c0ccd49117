-- One row: the head, as last committed.
select seq, hash, recorded_at, regime, schema_version, origin, salt_key, shared, tree from head
