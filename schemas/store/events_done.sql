-- One row per event of a topic in which one thing was done, in the order in which they were recorded.
select seq, recorded_at, actor, topic, subject, action, detail, prev_hash, hash
from event
where topic || '' = :topic and action = :action -- by no index, which would look up each event of the topic
order by seq
