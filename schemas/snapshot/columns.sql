-- One row per column of a table of the file: its type, and what it means.
select
    c.table_name as name,
    c.column_name,
    c.data_type,
    c.comment
from duckdb_columns() as c
where c.database_name = 'kept' and not c.internal
order by c.table_name, c.column_index
