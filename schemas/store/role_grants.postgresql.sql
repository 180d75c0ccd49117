-- One row per privilege on a table of this ledger that somebody else than its owner was given.
select
    c.relname::text as table_name,
    coalesce(g.rolname::text, 'PUBLIC') as grantee,
    a.privilege_type as privilege,
    '' as column_name
from pg_class as c
cross join aclexplode(c.relacl) as a
left join pg_roles as g on a.grantee = g.oid
where
    c.relname in ('balance', 'entry', 'event', 'head', 'refusal')
    and c.relnamespace = current_schema()::regnamespace
    and a.grantee <> c.relowner
union all
select
    c.relname::text as table_name,
    coalesce(g.rolname::text, 'PUBLIC') as grantee,
    a.privilege_type as privilege,
    t.attname::text as column_name
from pg_class as c
inner join pg_attribute as t on c.oid = t.attrelid
cross join aclexplode(t.attacl) as a
left join pg_roles as g on a.grantee = g.oid
where
    c.relname in ('balance', 'entry', 'event', 'head', 'refusal')
    and c.relnamespace = current_schema()::regnamespace
    and a.grantee <> c.relowner
order by table_name, grantee, privilege, column_name
