-- One row per record of a CSV file that needed the careful reading.
insert into cell by name
select line, nullif(broken, '') as broken, nullif(columns(* exclude (line, broken)), '')
from read_parquet($path, hive_partitioning = false)
