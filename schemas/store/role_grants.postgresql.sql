-- One row per privilege on a table of this ledger, or on its schema (its table is then ''), that another than
-- its owner was given: how to name it, whether it may be passed on, whether who is connected has it.
with held as (
    select
        c.relname::text as table_name,
        c.relacl as acl,
        '' as column_name,
        format('%I.%I', current_schema(), c.relname) as place,
        c.relowner as owner
    from pg_class as c
    where
        c.relname in ('balance', 'entry', 'event', 'head', 'refusal')
        and c.relnamespace = current_schema()::regnamespace
    union all
    select
        c.relname::text as table_name,
        t.attacl as acl,
        t.attname::text as column_name,
        format('%I.%I', current_schema(), c.relname) as place,
        c.relowner as owner
    from pg_class as c
    inner join pg_attribute as t on c.oid = t.attrelid
    where
        c.relname in ('balance', 'entry', 'event', 'head', 'refusal')
        and c.relnamespace = current_schema()::regnamespace
    union all
    select
        '' as table_name,
        n.nspacl as acl,
        '' as column_name,
        format('schema %I', n.nspname) as place,
        n.nspowner as owner
    from pg_namespace as n
    where n.nspname = current_schema()
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
    and a.grantee <> (
        select c.relowner from pg_class as c
        where c.relname = 'entry' and c.relnamespace = current_schema()::regnamespace
    )
order by h.table_name, grantee, privilege, h.column_name
