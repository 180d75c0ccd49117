-- One row per thing in schema `report` that is no view of this ledger, in words: of another ledger, with the
-- schema of that. What it is to be a view of: the table of its own in the ledger's schema, and nothing else.
with ledger as (
    select coalesce(
        (
            select n.nspname from pg_class as h
            inner join pg_namespace as n on h.relnamespace = n.oid
            where h.oid = to_regclass('head')
        ),
        current_schema()
    ) as ledger_schema
),

ours (name, source) as (
    values ('meta', 'head'), ('entry', 'entry'), ('statement', 'entry'), ('headroom', 'balance'),
    ('license', 'balance')
),

held as (
    select
        d.classid,
        d.objid,
        d.objsubid
    from pg_namespace as n
    inner join pg_depend as d on n.oid = d.refobjid and d.refclassid = 'pg_namespace'::regclass
    inner join pg_class as k on d.classid = k.oid
    where n.nspname = 'report' and k.relname not in ('pg_default_acl', 'pg_publication_namespace')
),

shown as (
    select
        v.oid,
        min(s.nspname::text) as ledger_schema
    from pg_class as v
    inner join ours as o on v.relname = o.name
    inner join pg_rewrite as r on v.oid = r.ev_class
    inner join pg_depend as d
        on
            r.oid = d.objid and d.classid = 'pg_rewrite'::regclass
            and d.refclassid = 'pg_class'::regclass and d.refobjid <> v.oid
    inner join pg_class as t on d.refobjid = t.oid
    inner join pg_namespace as s on t.relnamespace = s.oid
    where v.relkind = 'v'
    group by v.oid
    having bool_and(t.relname = o.source) and count(distinct t.oid) = 1
)

select
    pg_describe_object(h.classid, h.objid, h.objsubid) as thing,
    s.ledger_schema
from held as h
left join shown as s on h.objid = s.oid and h.classid = 'pg_class'::regclass
cross join ledger as l
where s.ledger_schema is distinct from l.ledger_schema::text
union all
select
    'the ledger itself' as thing,
    null as ledger_schema
from ledger as l
where l.ledger_schema = 'report'
order by ledger_schema, thing
