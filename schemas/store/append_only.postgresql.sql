-- What the store itself refuses, whoever asks: to change, remove or replace an entry, a refusal or an event,
-- or to add an entry or an event that does not continue the last one. ALWAYS: session_replication_role does
-- not pass these.
--
-- What looks at a table looks at this ledger's: a temporary table of its name would come first otherwise.
select set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);

create or replace function tppq_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'append-only: % of % is refused; post what undoes it', tg_op, tg_table_name
        using errcode = 'integrity_constraint_violation';
end
$$;

create or replace function tppq_entry_continues() returns trigger language plpgsql
set search_path from current as $$
declare
    last_seq bigint;
    last_hash text;
begin
    select e.seq, e.hash into last_seq, last_hash from entry as e order by e.seq desc limit 1;
    if new.seq is distinct from coalesce(last_seq, 0) + 1
        or new.prev_hash is distinct from coalesce(last_hash, repeat('0', 64)) then
        raise exception 'append-only: the new entry does not continue the last one'
            using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;

create or replace function tppq_event_continues() returns trigger language plpgsql
set search_path from current as $$
declare
    last_seq bigint;
    last_hash text;
begin
    select v.seq, v.hash into last_seq, last_hash from event as v order by v.seq desc limit 1;
    if new.seq is distinct from coalesce(last_seq, 0) + 1
        or new.prev_hash is distinct from coalesce(last_hash, repeat('0', 64)) then
        raise exception 'append-only: the new event does not continue the last one'
            using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;

create or replace function tppq_head_goes_forward() returns trigger language plpgsql as $$
begin
    if new.seq < old.seq or new.recorded_at < old.recorded_at or new.regime <> old.regime
        or new.origin <> old.origin or new.salt_key <> old.salt_key or new.shared < old.shared
        or new.seq > old.seq and new.tree = old.tree then -- by a program for an older schema, without a tree
        raise exception 'append-only: the head never goes back' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;

create or replace trigger entry_append_only before update or delete or truncate on entry
for each statement execute function tppq_append_only();

create or replace trigger entry_continues before insert on entry
for each row execute function tppq_entry_continues();

create or replace trigger refusal_append_only before update or delete or truncate on refusal
for each statement execute function tppq_append_only();

create or replace trigger event_append_only before update or delete or truncate on event
for each statement execute function tppq_append_only();

create or replace trigger event_continues before insert on event
for each row execute function tppq_event_continues();

create or replace trigger head_goes_forward before update on head
for each row execute function tppq_head_goes_forward();

create or replace trigger head_stays before delete or truncate on head
for each statement execute function tppq_append_only();

alter table entry enable always trigger entry_append_only;
alter table entry enable always trigger entry_continues;
alter table refusal enable always trigger refusal_append_only;
alter table event enable always trigger event_append_only;
alter table event enable always trigger event_continues;
alter table head enable always trigger head_goes_forward;
alter table head enable always trigger head_stays;
