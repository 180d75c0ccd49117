-- One row: the head, locked until this transaction ends, so that writers go one after the other.
select seq, hash, recorded_at, regime, schema_version from head for update
