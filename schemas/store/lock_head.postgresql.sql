-- One row: the head, locked until this transaction ends, so that writers go one after the other.
select seq, hash, recorded_at, regime, schema_version, origin, salt_key, shared, tree from head for update
