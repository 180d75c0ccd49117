-- One row per country: whether its account is closed on the day by the ledger's own clock.
update held_now
set is_closed = (
    c.treated_as is not null
    or t.on_day > r.period_to
    or c.country not in (
        select s.country
        from tier as s
        cross join regime as p
        cross join today as d
        where
            s.tier = 2
            and least(greatest(d.on_day, p.period_from), p.period_to)
            between s.valid_from and coalesce(s.valid_to, p.period_to)
    )
)
from country as c
cross join regime as r
cross join today as t
where held_now.country = c.country
