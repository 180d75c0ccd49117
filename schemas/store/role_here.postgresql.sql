-- One row: who is connected, who keeps the tables, and what this user can do that none but the owner should.
select
    current_user::text as this_user,
    o.rolname::text as owner,
    o.rolcanlogin as owner_logs_in,
    m.rolsuper as is_superuser,
    pg_has_role(current_user, o.oid, 'MEMBER') as is_owner,
    has_schema_privilege(current_user, c.relnamespace, 'CREATE') as creates,
    (
        select string_agg(p.privilege || ' on ' || t.relname, ', ' order by p.privilege, t.relname)
        from pg_class as t
        cross join (values ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('TRIGGER')) as p (privilege)
        where
            t.relnamespace = c.relnamespace and t.relname in ('entry', 'event', 'refusal')
            and has_table_privilege(current_user, t.oid, p.privilege)
    ) as too_wide,
    (
        select string_agg(l.name, ', ' order by l.name)
        from (
            select f.proname as name
            from pg_proc as f
            where
                f.pronamespace = c.relnamespace and f.proname like 'tppq\_%'
                and (
                    f.proowner <> c.relowner
                    or f.proname like '%\_continues' and f.proconfig is distinct from array[
                        'search_path=' || quote_ident(current_schema()) || ', pg_temp'
                    ]
                )
            union all
            select t.relname as name
            from pg_class as t
            where
                t.relnamespace = c.relnamespace and t.relowner <> c.relowner
                and t.relname in ('balance', 'event', 'head', 'refusal')
        ) as l
    ) as loose
from pg_class as c
inner join pg_roles as o on c.relowner = o.oid
inner join pg_roles as m on m.rolname = current_user
where c.relname = 'entry' and c.relnamespace = current_schema()::regnamespace
