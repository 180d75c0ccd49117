-- One row a trigger of this store that fires, and its words.
select name, sql
from sqlite_schema
where type = 'trigger'
