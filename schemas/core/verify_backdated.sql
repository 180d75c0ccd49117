-- One row a day and country that a back-dated entry would have breached: headroom by effective day below zero
-- while no entry was refused for it, because the gate judges the total over all days.
with closing as (
    select
        e.country,
        e.effective_on as on_day,
        sum(sum(e.to_headroom_tpp))
            over (partition by e.country order by e.effective_on)::bigint as headroom_tpp,
        max(e.seq) filter (e.to_headroom_tpp < 0) as seq
    from entry as e
    where e.programme = 'country'
    group by e.country, e.effective_on
),

overdrawn as (
    select distinct e.country
    from entry as e
    where e.headroom_after_tpp < 0
)

select
    c.country::varchar as country,
    c.on_day,
    c.headroom_tpp,
    c.seq
from closing as c
where c.headroom_tpp < 0 and c.seq is not null and c.country not in (select o.country from overdrawn as o)
order by c.on_day, c.country::varchar
