-- One row per subject of a topic that begins as given, the first in order (by its bytes): what part of a name
-- may mean.
select subject
from event
where topic = :topic and substr(subject, 1, length(cast(:begins as text))) = cast(:begins as text)
group by subject
order by subject collate "C"
limit 20
