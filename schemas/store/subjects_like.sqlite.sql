-- One row per subject of a topic that begins as given, the first in order: what part of a name may mean.
select distinct subject
from event
where topic = :topic and substr(subject, 1, length(cast(:begins as text))) = cast(:begins as text)
order by subject
limit 20
