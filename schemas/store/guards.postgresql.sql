-- One row a trigger of this store that fires always: its kind, and the body of its function.
select
    t.tgname as name,
    t.tgtype || ' ' || f.prosrc as definition
from pg_trigger as t
inner join pg_class as c on t.tgrelid = c.oid
inner join pg_proc as f on t.tgfoid = f.oid
where not t.tgisinternal and t.tgenabled = 'A' and c.relnamespace = current_schema()::regnamespace
