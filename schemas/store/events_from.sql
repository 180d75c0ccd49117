-- One row per event from a seq on, in the order in which they were recorded.
select seq, recorded_at, actor, topic, subject, action, detail, prev_hash, hash
from event
where seq >= :seq
order by seq
