-- How the connection that writes a large file behaves, beyond connect.sqlite.sql.
pragma cache_size = -262144;

-- in pages: one that several groups change is copied into the file once
pragma wal_autocheckpoint = 50000;
