-- One row per name that may be asked: what it is (relation, table_macro, macro, type). What has no comment is
-- the core's own business and may not.
select
    'relation' as sort,
    t.table_name as name
from duckdb_tables() as t
where not t.internal and t.database_name = current_database() and t.comment is not null
union all
select
    'relation' as sort,
    v.view_name as name
from duckdb_views() as v
where not v.internal and v.database_name = current_database() and v.comment is not null
union all
select
    f.function_type as sort,
    f.function_name as name
from duckdb_functions() as f
where not f.internal and f.database_name = current_database() and f.comment is not null
union all
select
    'type' as sort,
    y.type_name as name
from duckdb_types() as y
where not y.internal and y.database_name = current_database()
order by sort, name
