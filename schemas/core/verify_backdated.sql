-- One row per run of days on which headroom by effective day was below zero although no entry was refused for
-- it, because the gate judges the total over all days: the first of these days, the last and the lowest, and
-- the back-dated entry that took the first below zero. What was below zero when it was recorded is none; of a
-- country that ever was, the days on which it was below the lowest that was recorded are a run of their own.
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

recorded as (
    select e.country, min(e.headroom_after_tpp) as lowest_tpp
    from entry as e
    where e.programme = 'country'
    group by e.country
),

least as (
    select r.country, 0 as least_tpp from recorded as r
    union all
    select r.country, r.lowest_tpp from recorded as r where r.lowest_tpp < 0
),

numbered as (
    select
        c.*,
        l.least_tpp,
        count(*) filter (c.headroom_tpp >= l.least_tpp)
            over (partition by c.country, l.least_tpp order by c.on_day) as run
    from closing as c
    inner join least as l on c.country = l.country
),

below as (
    select
        n.country,
        n.least_tpp,
        min(n.on_day) as on_day,
        arg_max_null(n.until_day, n.on_day) as until_day,
        min(n.headroom_tpp) as lowest_tpp
    from numbered as n
    where n.headroom_tpp < n.least_tpp
    group by n.country, n.least_tpp, n.run
),

known as (
    select
        b.country,
        b.least_tpp,
        b.on_day,
        e.seq,
        e.to_headroom_tpp,
        e.headroom_after_tpp,
        sum(e.to_headroom_tpp) over (
            partition by b.country, b.least_tpp, b.on_day
            order by e.seq rows between unbounded preceding and current row
        ) as headroom_tpp
    from below as b
    inner join entry as e on b.country = e.country and b.on_day >= e.effective_on
    where e.programme = 'country'
),

crossing as (
    select
        k.country,
        k.least_tpp,
        k.on_day,
        max(k.seq) as seq,
        arg_max(k.headroom_after_tpp, k.seq) as headroom_after_tpp
    from known as k
    where k.headroom_tpp < k.least_tpp and k.headroom_tpp - k.to_headroom_tpp >= k.least_tpp
    group by k.country, k.least_tpp, k.on_day
),

breached as (
    select b.*, c.seq
    from below as b
    inner join crossing as c
        on b.country = c.country and b.least_tpp = c.least_tpp and b.on_day = c.on_day
    where c.headroom_after_tpp >= b.least_tpp
)

select
    b.country::varchar as country,
    b.on_day,
    b.until_day,
    b.lowest_tpp,
    b.seq
from breached as b
where
    b.least_tpp = 0
    -- told already, with the days around it
    or not exists (
        select 1
        from breached as o
        where
            o.country = b.country
            and o.least_tpp = 0
            and b.on_day between o.on_day and coalesce(o.until_day, date '9999-12-31')
    )
order by b.on_day, b.country::varchar
