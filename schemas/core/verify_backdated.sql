-- One row per run of days on which headroom by effective day was below zero although no entry was refused for
-- it, because the gate judges the total over all days: the first of these days, the last and the lowest, and
-- the back-dated entry that took the first below zero. What was below zero when it was recorded is none.
with closing as (
    select
        e.country,
        e.effective_on as on_day,
        lead(e.effective_on) over (partition by e.country order by e.effective_on) - 1 as until_day,
        sum(sum(e.to_headroom_tpp))
            over (partition by e.country order by e.effective_on)::bigint as headroom_tpp
    from entry as e
    where e.programme = 'country'
    group by e.country, e.effective_on
),

numbered as (
    select
        c.*,
        count(*) filter (c.headroom_tpp >= 0) over (partition by c.country order by c.on_day) as run
    from closing as c
),

below as (
    select
        n.country,
        min(n.on_day) as on_day,
        arg_max_null(n.until_day, n.on_day) as until_day,
        min(n.headroom_tpp) as lowest_tpp
    from numbered as n
    where n.headroom_tpp < 0
    group by n.country, n.run
),

known as (
    select
        b.country,
        b.on_day,
        e.seq,
        e.to_headroom_tpp,
        e.headroom_after_tpp,
        sum(e.to_headroom_tpp) over (
            partition by b.country, b.on_day order by e.seq rows between unbounded preceding and current row
        ) as headroom_tpp
    from below as b
    inner join entry as e on b.country = e.country and b.on_day >= e.effective_on
    where e.programme = 'country'
),

crossing as (
    select
        k.country,
        k.on_day,
        max(k.seq) as seq,
        arg_max(k.headroom_after_tpp, k.seq) as headroom_after_tpp
    from known as k
    where k.headroom_tpp < 0 and k.headroom_tpp - k.to_headroom_tpp >= 0
    group by k.country, k.on_day
)

select
    b.country::varchar as country,
    b.on_day,
    b.until_day,
    b.lowest_tpp,
    c.seq
from below as b
inner join crossing as c on b.country = c.country and b.on_day = c.on_day
where c.headroom_after_tpp >= 0
order by b.on_day, b.country::varchar
