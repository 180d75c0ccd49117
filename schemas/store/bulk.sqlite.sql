-- How the connection that writes a large file behaves, beyond connect.sqlite.sql.
pragma cache_size = -131072;

-- in pages: one that several groups change is copied into the file once
pragma wal_autocheckpoint = 50000;
