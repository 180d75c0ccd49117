-- One row per setting of the server that is off, with which a crash may take what was committed: its name.
select name
from pg_settings
where name in ('fsync', 'full_page_writes') and setting = 'off'
order by name
