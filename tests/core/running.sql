-- One row per entry: its country's headroom after it.
select r.*
from running() as r
order by r.seq
