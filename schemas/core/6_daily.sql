-- One row per country and day, from its opening to today: the headroom at the day's close, by effective day.
create view headroom_daily as
with changed as (
    select
        e.country,
        e.effective_on as on_day,
        sum(e.to_headroom_tpp)::bigint as change_tpp
    from entry as e
    where e.programme = 'country'
    group by e.country, e.effective_on
),

closing as (
    select
        c.country,
        c.on_day,
        sum(c.change_tpp) over (partition by c.country order by c.on_day)::bigint as headroom_tpp,
        lead(c.on_day, 1, greatest(t.on_day, c.on_day) + 1)
            over (partition by c.country order by c.on_day) as until_day
    from changed as c
    cross join today as t
)

select
    c.country::varchar as country,
    unnest(generate_series(c.on_day, c.until_day - 1, interval 1 day))::date as on_day,
    c.headroom_tpp,
    h100e(c.headroom_tpp, r.h100_tpp) as headroom_h100e
from closing as c
cross join regime as r;
