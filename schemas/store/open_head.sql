-- The head of a ledger without entries; where another process was first, its head stands.
insert into head (one, seq, hash, recorded_at, regime, schema_version, origin, salt_key, shared, tree)
values (1, 0, :hash, :recorded_at, :regime, :schema_version, :origin, :salt_key, 0, '[]')
on conflict (one) do nothing
