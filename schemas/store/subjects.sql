-- One row: how many subjects a topic has, and when its last event was recorded; null where it has none.
select count(distinct subject) as subjects, max(recorded_at) as last_at
from event
where topic = :topic
