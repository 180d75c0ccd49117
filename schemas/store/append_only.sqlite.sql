-- What the store itself refuses, whoever asks: to change, remove or replace an entry, a refusal or an event,
-- or to add an entry or an event that does not continue the last one. Run after tables.sqlite.sql, in its
-- transaction.
drop trigger if exists entry_no_update;

create trigger entry_no_update before update on entry
begin
    select raise(abort, 'append-only: an entry is never changed; post what undoes it');
end;

drop trigger if exists entry_no_delete;

create trigger entry_no_delete before delete on entry
begin
    select raise(abort, 'append-only: an entry is never removed; post what undoes it');
end;

-- `insert or replace` deletes without firing delete triggers unless recursive_triggers is on, so the guard
-- looks before every insert: the new row must continue the last, and no key of it may be there.
drop trigger if exists entry_continues;

create trigger entry_continues before insert on entry
begin
    -- rollback, not abort: SQLite then need not keep what each of many inserts would have to take back alone
    select raise(rollback, 'append-only: the new entry does not continue the last one')
    where (new.seq, new.prev_hash) is not (
        select
            coalesce(max(e.seq), 0) + 1,
            -- beside a max, a column is that row's
            coalesce(e.hash, '0000000000000000000000000000000000000000000000000000000000000000')
        from entry as e
    );
    select raise(rollback, 'append-only: this request was posted before')
    where exists (
        select 1 from entry as e
        where e.request_id = new.request_id and e.request_part = new.request_part
    );
    select raise(rollback, 'append-only: this entry was reversed before')
    where
        new.reverses_seq is not null
        and exists (select 1 from entry as e where e.reverses_seq = new.reverses_seq);
end;

drop trigger if exists refusal_no_update;

create trigger refusal_no_update before update on refusal
begin
    select raise(abort, 'append-only: an answer that was given is never changed');
end;

drop trigger if exists refusal_no_delete;

create trigger refusal_no_delete before delete on refusal
begin
    select raise(abort, 'append-only: an answer that was given is never removed');
end;

drop trigger if exists refusal_continues;

create trigger refusal_continues before insert on refusal
begin
    select raise(abort, 'append-only: this answer was given before')
    where exists (select 1 from refusal as r where r.request_id = new.request_id and r.attempt = new.attempt);
end;

drop trigger if exists event_no_update;

create trigger event_no_update before update on event
begin
    select raise(abort, 'append-only: an event is never changed');
end;

drop trigger if exists event_no_delete;

create trigger event_no_delete before delete on event
begin
    select raise(abort, 'append-only: an event is never removed');
end;

drop trigger if exists event_continues;

create trigger event_continues before insert on event
begin
    select raise(abort, 'append-only: the new event does not continue the last one')
    where
        new.seq is not (select coalesce(max(v.seq), 0) + 1 from event as v)
        or new.prev_hash is not coalesce(
            (select v.hash from event as v order by v.seq desc limit 1),
            '0000000000000000000000000000000000000000000000000000000000000000'
        );
end;

drop trigger if exists head_goes_forward;

create trigger head_goes_forward before update on head
begin
    select raise(abort, 'append-only: the head never goes back')
    where
        new.seq < old.seq
        or new.recorded_at < old.recorded_at
        or new.regime <> old.regime
        or new.origin <> old.origin
        or new.salt_key <> old.salt_key
        or new.shared < old.shared
        -- a program that knows no tree was written for an older schema
        or (new.seq > old.seq and new.tree = old.tree);
end;

drop trigger if exists head_no_delete;

create trigger head_no_delete before delete on head
begin
    select raise(abort, 'append-only: the head is never removed');
end;

drop trigger if exists head_is_one;

create trigger head_is_one before insert on head
begin
    select raise(abort, 'append-only: there is one head')
    where exists (select 1 from head);
end;
