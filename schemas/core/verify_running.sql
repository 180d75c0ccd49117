-- One row an entry whose stored headroom is not the running sum of its country's entries.
with summed as (
    select
        e.seq,
        e.headroom_after_tpp,
        sum(e.to_headroom_tpp)
            over (partition by e.quota order by e.seq rows between unbounded preceding and current row)
            as running_tpp
    from entry as e
)

select
    s.seq,
    s.running_tpp::bigint as expected,
    s.headroom_after_tpp as found
from summed as s
where s.headroom_after_tpp <> s.running_tpp
order by s.seq
limit $most::bigint
