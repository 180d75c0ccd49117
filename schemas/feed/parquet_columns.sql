-- No row: the names and types of a Parquet file's columns.
select * from read_parquet($path, hive_partitioning = false) limit 0
