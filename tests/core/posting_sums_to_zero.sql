-- One row per country: its legs, which sum to zero, and how many there are.
select
    p.country,
    sum(p.tpp)::bigint as tpp,
    count(*) as legs
from posting as p
group by p.country
order by p.country
