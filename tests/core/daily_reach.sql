-- One row a country: the first and the last day that it has a figure for, and how many days that are.
select d.country, min(d.on_day) as first_on, max(d.on_day) as last_on, count(*) as days
from headroom_daily as d
group by d.country
order by d.country
