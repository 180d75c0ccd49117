-- One row per country: whether its account is closed on the day by the ledger's own clock.
update held_now
set is_closed = c.treated_as is not null or t.on_day > r.period_to
from country as c
cross join regime as r
cross join today as t
where held_now.country = c.country
