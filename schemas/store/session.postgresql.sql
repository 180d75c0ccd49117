-- One row: which process serves this session, now set as posts need it, and what was asked for and is not so.
select
    set_config('lock_timeout', :lock_timeout, false) as lock_timeout,
    set_config('synchronous_commit', 'on', false) as synchronous_commit,
    set_config('timezone', 'UTC', false) as timezone,
    pg_backend_pid() as pid,
    array(
        select a.name
        from unnest(cast(:names as text[]), cast(:wanted as text[])) as a (name, wanted)
        where
            a.name not in ('lock_timeout', 'synchronous_commit', 'timezone')
            and replace(current_setting(a.name, true), ', ', ',')
            is distinct from replace(a.wanted, ', ', ',')
            and (
                a.name = 'search_path'
                or not exists (  -- 5000 is 5s, yes is on: then it counts that it came with the connection
                    select 1 from pg_settings as s where lower(s.name) = a.name and s.source = 'client'
                )
            )
    ) as lost
