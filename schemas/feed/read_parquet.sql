-- One row per row of a Parquet file: the cells of the columns that its layout has, as text.
select columns(lambda name: list_contains($names, name))::varchar
from read_parquet($path, hive_partitioning = false)
