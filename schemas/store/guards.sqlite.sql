-- One row a trigger of this store that fires, or an index that was made by name, and its words.
select name, sql
from sqlite_schema
where type in ('trigger', 'index') and sql is not null
