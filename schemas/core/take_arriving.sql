-- Copies what arrives (an Arrow table, or the Parquet files of segments) into the native table, and does
-- nothing else to it: no sum is ever computed on a scan of something foreign.
insert into entry by name from arriving
