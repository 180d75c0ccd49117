-- One row: who is connected, who keeps the tables, and what this user can do that none but the owner should;
-- the schema of the ledger, and which of its tables a session like this one finds in another.
with ledger as (
    select
        n.oid,
        n.nspname
    from pg_class as h
    inner join pg_namespace as n on h.relnamespace = n.oid
    where h.oid = to_regclass('head')
),

ours as (
    select
        c.oid,
        c.relname,
        c.relnamespace,
        c.relowner
    from pg_class as c
    inner join ledger as l on c.relnamespace = l.oid
    where c.relname in ('balance', 'entry', 'event', 'head', 'refusal')
),

kept as (
    select o.relowner
    from ours as o
    where o.relname in ('entry', 'head')
    order by o.relname
    limit 1
)

select
    current_user::text as this_user,
    k.rolname::text as owner,
    k.rolcanlogin as owner_logs_in,
    m.rolsuper as is_superuser,
    (
        select min(s.rolname::text) from pg_roles as s
        where s.rolsuper and s.oid <> m.oid and pg_has_role(current_user, s.oid, 'MEMBER')
    ) as superuser,
    (
        select min(s.rolname::text) from pg_roles as s
        where -- who, until PostgreSQL 16, may join any role but a superuser
            s.rolcreaterole and current_setting('server_version_num')::integer < 160000
            and pg_has_role(current_user, s.oid, 'MEMBER')
    ) as joins,
    pg_has_role(current_user, k.oid, 'MEMBER') as is_owner,
    has_schema_privilege(current_user, l.oid, 'CREATE') as creates,
    (
        select string_agg(p.privilege || ' on ' || o.relname, ', ' order by p.privilege, o.relname)
        from ours as o
        cross join (values ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('TRIGGER')) as p (privilege)
        where
            o.relname in ('entry', 'event', 'refusal')
            and has_table_privilege(current_user, o.oid, p.privilege)
    ) as too_wide,
    (
        select string_agg(each.name, ', ' order by each.name)
        from (
            select f.proname as name
            from pg_proc as f
            where
                f.pronamespace = l.oid and f.proname like 'tppq\_%'
                and (
                    f.proowner <> k.oid
                    or f.proname like '%\_continues' and f.proconfig is distinct from array[
                        'search_path=' || quote_ident(l.nspname) || ', pg_temp'
                    ]
                )
            union all
            select o.relname as name
            from ours as o
            where o.relowner <> k.oid
        ) as each
    ) as loose,
    quote_ident(l.nspname) as ledger_schema,
    (
        select string_agg(o.relname, ', ' order by o.relname)
        from ours as o
        where to_regclass(o.relname::text) <> o.oid
    ) as hidden
from ledger as l
cross join kept
inner join pg_roles as k on kept.relowner = k.oid
inner join pg_roles as m on m.rolname = current_user
