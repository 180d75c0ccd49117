-- One row per line of a JSON Lines file that needed the careful reading.
insert into document by name
select line, nullif(broken, '') as broken, nullif(text, '') as text
from read_parquet($path, hive_partitioning = false)
