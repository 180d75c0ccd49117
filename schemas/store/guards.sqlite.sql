-- One row a trigger of this store that fires, an index that was made by name, or a table with its keys and
-- checks; and its words.
select case type when 'table' then 'table ' || name else name end as name, sql
from sqlite_schema
where type in ('trigger', 'index', 'table') and sql is not null
