-- The head of a ledger that is taken over from elsewhere, before its entries: its name and its salts stay.
insert into head (one, seq, hash, recorded_at, regime, schema_version, origin, salt_key, shared, tree)
values (1, 0, :hash, :recorded_at, :regime, :schema_version, :origin, :salt_key, :shared, '[]')
