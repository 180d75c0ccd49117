-- One row per event of a topic about one subject, in the order in which they were recorded.
select seq, recorded_at, actor, topic, subject, action, detail, prev_hash, hash
from event
where topic = :topic and subject = :subject
order by seq
