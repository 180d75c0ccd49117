-- One row per trigger on one of this store's tables, an index that was made by name, or a table with its keys
-- and checks; and its words.
select case type when 'table' then 'table ' || name else name end as name, sql
from sqlite_schema
where
    sql is not null
    and type in ('trigger', 'index', 'table')
    and (type <> 'trigger' or tbl_name in ('balance', 'entry', 'event', 'head', 'refusal'))
