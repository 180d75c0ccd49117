-- One row per trigger on one of this store's tables, with when it fires, its kind and the body of its
-- function; a rule on one; an index that was made by name and holds, with what it is; and a key or check that
-- was made by name and holds.
select
    t.tgname as name,
    'trigger ' || t.tgenabled::text || ' ' || t.tgtype || ' ' || f.prosrc as definition
from pg_trigger as t
inner join pg_class as c on t.tgrelid = c.oid
inner join pg_proc as f on t.tgfoid = f.oid
where
    not t.tgisinternal and c.relnamespace = current_schema()::regnamespace
    and c.relname in ('balance', 'entry', 'event', 'head', 'refusal')
union all
select
    r.rulename as name,
    'rule ' as definition
from pg_rules as r
where
    r.schemaname = current_schema()
    and r.tablename in ('balance', 'entry', 'event', 'head', 'refusal')
union all
select
    c.relname as name,
    case when i.indisunique then 'unique index' else 'index' end as definition
from pg_index as i
inner join pg_class as c on i.indexrelid = c.oid
where
    i.indisvalid and c.relnamespace = current_schema()::regnamespace
    and not exists (select 1 from pg_constraint as k where k.conindid = i.indexrelid)
union all
select
    'constraint ' || k.conname as name,
    'holds' as definition
from pg_constraint as k
where k.contype in ('c', 'u') and k.convalidated and k.connamespace = current_schema()::regnamespace
