-- One row per privilege on a table of this ledger, or on its schema (its table is then ''), that another than
-- its owner was given: how to name it, whether it may be passed on, whether who is connected has it.
with ledger as (
    select
        n.oid,
        n.nspname,
        n.nspacl,
        n.nspowner
    from pg_class as h
    inner join pg_namespace as n on h.relnamespace = n.oid
    where h.oid = to_regclass('head')
),

ours as (
    select
        c.oid,
        c.relname,
        c.relacl,
        c.relowner,
        format('%I.%I', l.nspname, c.relname) as place
    from pg_class as c
    inner join ledger as l on c.relnamespace = l.oid
    where c.relname in ('balance', 'entry', 'event', 'head', 'refusal')
),

held as (
    select
        o.relname::text as table_name,
        o.relacl as acl,
        '' as column_name,
        o.place,
        o.relowner as owner
    from ours as o
    union all
    select
        o.relname::text as table_name,
        t.attacl as acl,
        t.attname::text as column_name,
        o.place,
        o.relowner as owner
    from ours as o
    inner join pg_attribute as t on o.oid = t.attrelid
    union all
    select
        '' as table_name,
        l.nspacl as acl,
        '' as column_name,
        format('schema %I', l.nspname) as place,
        l.nspowner as owner
    from ledger as l
)

select
    h.table_name,
    coalesce(g.rolname::text, 'PUBLIC') as grantee,
    a.privilege_type as privilege,
    h.column_name,
    a.privilege_type || coalesce(' (' || quote_ident(nullif(h.column_name, '')) || ')', '')
    || ' on ' || h.place as place,
    coalesce(quote_ident(g.rolname), 'PUBLIC') as quoted,
    a.is_grantable,
    a.grantee = 0 or pg_has_role(current_user, a.grantee, 'USAGE') as is_mine
from held as h
cross join aclexplode(h.acl) as a
left join pg_roles as g on a.grantee = g.oid
where
    a.grantee <> h.owner
    and a.grantee not in (select o.relowner from ours as o where o.relname = 'entry')
order by h.table_name, grantee, privilege, h.column_name
