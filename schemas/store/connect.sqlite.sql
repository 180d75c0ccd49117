-- How every connection to a SQLite store behaves.
pragma journal_mode = wal;

-- an acknowledged post survives a power cut
pragma synchronous = full;

-- `insert or replace` fires the delete triggers too
pragma recursive_triggers = on;

pragma foreign_keys = on;

pragma trusted_schema = off;

pragma cache_size = -65536;
