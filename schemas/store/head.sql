-- One row: the head, as last committed.
select seq, hash, recorded_at, regime, schema_version from head
