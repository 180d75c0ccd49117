-- One row per trigger on one of this ledger's tables, with when it fires, its kind and the body of its
-- function; a rule on one; an index that was made by name, with what it is; a key or check that was made by
-- name; and a table of which row-level security shows only some rows.
with ours as (
    select
        c.oid,
        c.relname,
        c.relnamespace,
        c.relrowsecurity as is_hidden
    from pg_class as c
    where
        c.relname in ('balance', 'entry', 'event', 'head', 'refusal')
        and c.relnamespace = (select h.relnamespace from pg_class as h where h.oid = to_regclass('head'))
)

select
    t.tgname as name,
    'trigger ' || t.tgenabled::text || ' ' || t.tgtype || ' ' || f.prosrc
    || case when t.tgqual is not null then ' when' else '' end
    || case when t.tgattr <> ''::int2vector then ' of columns' else '' end
    || case when t.tgnargs > 0 then ' with arguments' else '' end
    || case when f.pronamespace <> o.relnamespace then ' of another schema' else '' end as definition
from pg_trigger as t
inner join ours as o on t.tgrelid = o.oid
inner join pg_proc as f on t.tgfoid = f.oid
where not t.tgisinternal
union all
select
    r.rulename as name,
    'rule ' as definition
from pg_rewrite as r
inner join ours as o on r.ev_class = o.oid
union all
select
    c.relname as name,
    case when i.indisunique then 'unique index' else 'index' end
    || case when i.indisvalid then '' else ' of what is new' end as definition
from pg_index as i
inner join ours as o on i.indrelid = o.oid
inner join pg_class as c on i.indexrelid = c.oid
where not exists (
    select 1 from pg_constraint as k
    where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')
)
union all
select
    'constraint ' || k.conname as name,
    case when k.convalidated then 'holds' else 'holds for what is new' end as definition
from pg_constraint as k
inner join ours as o on k.conrelid = o.oid
where k.contype in ('c', 'f', 'u', 'x')
union all
select
    quote_ident(n.nspname) || '.' || o.relname as name,
    'row security' as definition
from ours as o
inner join pg_namespace as n on o.relnamespace = n.oid
where o.is_hidden
