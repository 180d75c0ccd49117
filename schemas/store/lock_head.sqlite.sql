-- One row: the head. The transaction began IMMEDIATE, so no other writer is in.
select seq, hash, recorded_at, regime, schema_version, origin, salt_key, shared, tree from head
