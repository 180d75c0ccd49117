-- One row per entry whose stored headroom is not the running sum of its country's entries. Where each stored
-- headroom is the one before and what its entry adds, all of a quota's are running sums, and none is made.
with stepped as (
    select
        e.quota,
        e.to_headroom_tpp,
        e.headroom_after_tpp,
        lag(e.headroom_after_tpp, 1, 0) over (partition by e.quota order by e.seq) as headroom_before_tpp
    from entry as e
),

stumbling as (
    select distinct s.quota
    from stepped as s
    where s.headroom_before_tpp::hugeint + s.to_headroom_tpp <> s.headroom_after_tpp
),

summed as (
    select
        e.seq,
        e.headroom_after_tpp,
        sum(e.to_headroom_tpp)
            over (partition by e.quota order by e.seq rows between unbounded preceding and current row)
            as running_tpp
    from entry as e
    where e.quota in (select s.quota from stumbling as s)
)

select
    s.seq,
    s.running_tpp::bigint as expected,
    s.headroom_after_tpp as found
from summed as s
where s.headroom_after_tpp <> s.running_tpp
order by s.seq
limit $most::bigint
