-- One row a day of the UAE, around the first license: what was left at its close.
select d.country, d.on_day, d.headroom_tpp, d.headroom_h100e
from headroom_daily as d
where d.country = 'AE' and d.on_day between date '2026-01-13' and date '2026-01-21'
order by d.on_day
