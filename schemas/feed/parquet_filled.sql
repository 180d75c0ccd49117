-- One row: in each column of a Parquet file, how many cells hold something.
select count(columns(*)) from read_parquet($path, hive_partitioning = false)
