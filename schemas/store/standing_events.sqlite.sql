-- One row per event of a topic before a seq and until an instant, in the order of recording, of each subject
-- that was not cleared by then, for which something was set aside, or that is asked for (a JSON array).
with known as (
    -- events are in the order of time: with a seq for the instant, the index is all that is read
    select seq
    from event
    where recorded_at <= :until
    order by seq desc
    limit 1
),

latest as (
    select
        subject,
        max(seq) as seq
    from event
    where topic = :topic and seq < :before_seq and seq <= (select seq from known)
    group by subject
),

chosen as (
    select subject
    from latest
    where seq not in (select seq from event where action = 'cleared')
    union
    select subject
    from event
    where topic || '' = :topic and action = 'blocked' -- by no index, which would look up each event
    union
    select value as subject
    from json_each(:subjects)
)

select e.seq, e.recorded_at, e.actor, e.topic, e.subject, e.action, e.detail, e.prev_hash, e.hash
from chosen as c
cross join event as e -- in this order, which SQLite keeps
where e.topic = :topic and e.subject = c.subject and e.seq < :before_seq and e.recorded_at <= :until
order by e.seq
