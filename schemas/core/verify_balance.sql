-- One row per account and bucket of which the store, or DuckDB's legs, say something else than Python's fold.
with kept as (
    unpivot (
        select s.quota, s.license_no, s.regime, s.headroom, s.licensed, s.exported, s.blocked
        from stored as s
    )
    on regime, headroom, licensed, exported, blocked
    into name bucket value tpp
),

answered as (
    select f.quota, f.license_no, f.bucket, f.tpp as folded_tpp, 0 as stored_tpp, 0 as summed_tpp
    from folded as f
    union all
    select k.quota, k.license_no, k.bucket, 0, k.tpp, 0
    from kept as k
    where k.tpp <> 0
    union all
    select p.quota, p.license_no, p.bucket, 0, 0, sum(p.tpp)
    from posting as p
    group by p.quota, p.license_no, p.bucket
),

compared as (
    select
        a.quota, a.license_no, a.bucket,
        sum(a.folded_tpp)::bigint as folded_tpp,
        sum(a.stored_tpp)::bigint as stored_tpp,
        sum(a.summed_tpp)::bigint as summed_tpp
    from answered as a
    group by a.quota, a.license_no, a.bucket
),

differing as (
    select c.quota, c.license_no, c.bucket, c.folded_tpp, c.stored_tpp as found_tpp, '(store)' as answers
    from compared as c
    union all
    select c.quota, c.license_no, c.bucket, c.folded_tpp, c.summed_tpp, '(duckdb)'
    from compared as c
)

select
    null::bigint as seq,
    concat_ws(' ', d.quota, nullif(d.license_no, ''), d.bucket, d.folded_tpp) as expected,
    concat_ws(' ', d.quota, nullif(d.license_no, ''), d.bucket, d.found_tpp, d.answers) as found
from differing as d
where d.found_tpp <> d.folded_tpp
order by d.quota, d.license_no, d.bucket, d.answers
limit $most::bigint
