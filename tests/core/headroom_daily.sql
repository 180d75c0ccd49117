-- One row per country and day around the days on which something took effect.
select d.*
from headroom_daily as d
where d.on_day in ('2026-01-09', '2026-01-10', '2026-01-31', '2026-02-01', '2026-02-14', '2026-03-01')
order by d.country, d.on_day
