-- The head of a ledger without entries; where another process was first, its head stands.
insert into head (one, seq, hash, recorded_at, regime, schema_version)
values (1, 0, :hash, :recorded_at, :regime, :schema_version)
on conflict (one) do nothing
