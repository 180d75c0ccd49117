-- One row per trigger or index made by name on one of this store's tables, or a table with its keys and
-- checks; and its words.
select case type when 'table' then 'table ' || name else name end as name, sql
from sqlite_schema
where
    sql is not null
    and type in ('trigger', 'index', 'table')
    and (type = 'table' or tbl_name in ('balance', 'entry', 'event', 'head', 'refusal'))
