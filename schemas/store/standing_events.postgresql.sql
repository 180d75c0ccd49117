-- One row per event of a topic before a seq and until an instant, in the order of recording, of each subject
-- that was not cleared by then, for which something was set aside, or that is asked for (a JSON array).
with latest as (
    select distinct on (subject)
        subject,
        action
    from event
    where topic = :topic and seq < :before_seq and recorded_at <= :until
    order by subject asc, seq desc
),

chosen as (
    select subject
    from latest
    where action <> 'cleared'
    union
    select subject
    from event
    where topic = :topic and action = 'blocked'
    union
    select jsonb_array_elements_text(cast(:subjects as jsonb)) as subject
)

select e.seq, e.recorded_at, e.actor, e.topic, e.subject, e.action, e.detail, e.prev_hash, e.hash
from event as e
where
    e.topic = :topic and e.seq < :before_seq and e.recorded_at <= :until
    -- not joined: it would take them for most of what there is, and read all of it
    and e.subject = any(array(select c.subject from chosen as c))
order by e.seq
