-- One row a row of a Parquet file, every cell as text.
insert into cell by name
select columns(
    '^(kind|country|effective_on|license_no|device_id|quantity|tpp|expires_on|request_id|consignee|exporter'
    || '|reference|reason|programme|holder)$'
)::varchar
from read_parquet($path, hive_partitioning = false)
