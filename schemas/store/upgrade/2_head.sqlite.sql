-- One row: the head as it was, with the ledger's own name, the key of its salts, and the edge of its tree.
insert into head (one, seq, hash, recorded_at, regime, schema_version, origin, salt_key, shared, tree)
select one, seq, hash, recorded_at, regime, 2, :origin, :salt_key, 0, :tree
from head_1
