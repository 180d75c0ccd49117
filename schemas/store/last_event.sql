-- One row or none: the last event, which the next one continues.
select seq, hash, recorded_at
from event
order by seq desc
limit 1
