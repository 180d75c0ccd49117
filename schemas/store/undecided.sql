-- One row per event that proposed what nothing more was said of by an instant, in the order in which they
-- were recorded.
select e.seq, e.recorded_at, e.actor, e.topic, e.subject, e.action, e.detail, e.prev_hash, e.hash
from event as e
where
    e.topic = :topic and e.action = 'proposed' and e.recorded_at <= :until
    and not exists (
        select 1
        from event as d
        where d.topic = e.topic and d.subject = e.subject and d.seq > e.seq and d.recorded_at <= :until
    )
order by e.seq
