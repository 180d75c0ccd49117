-- Three roles that nobody logs in with, and what each may do here: tppq_owner keeps the tables, tppq_writer
-- posts, tppq_reader asks. Run by a superuser, or by an owner who may create roles; may be run again.
do $$
declare
    here text := current_schema();
    each text;
begin
    foreach each in array array['tppq_owner', 'tppq_writer', 'tppq_reader'] loop
        if not exists (select 1 from pg_roles as r where r.rolname = each) then
            execute format('create role %I nologin', each);
        end if;
    end loop;
    if not (select r.rolsuper from pg_roles as r where r.rolname = current_user) then
        execute format('grant tppq_owner to %I', current_user); -- whom PostgreSQL lets give a table away
    end if;

    execute format('revoke create on schema %I from public, tppq_writer, tppq_reader cascade', here);
    execute format('grant usage, create on schema %I to tppq_owner', here);
    execute format('grant usage on schema %I to tppq_writer, tppq_reader', here);
    foreach each in array array['balance', 'entry', 'event', 'head', 'refusal'] loop
        execute format('revoke all on table %I.%I from public, tppq_writer, tppq_reader cascade', here, each);
        execute format('alter table %I.%I owner to tppq_owner', here, each);
        execute format('grant select on table %I.%I to tppq_writer, tppq_reader', here, each);
    end loop;
    foreach each in array array[
        'tppq_append_only', 'tppq_entry_continues', 'tppq_event_continues', 'tppq_head_goes_forward'
    ] loop
        execute format('alter function %I.%I() owner to tppq_owner', here, each);
    end loop;
end
$$;

grant insert on entry, refusal, event to tppq_writer;
grant insert, update on balance to tppq_writer;
grant update (seq, hash, recorded_at, tree) on head to tppq_writer;

-- For whoever logs in with this role itself; a member's own limit is set on the member.
alter role tppq_reader set statement_timeout = '60s';
