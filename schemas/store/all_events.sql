-- One row per event, in the order in which they were recorded.
select seq, recorded_at, actor, topic, subject, action, detail, prev_hash, hash
from event
order by seq
