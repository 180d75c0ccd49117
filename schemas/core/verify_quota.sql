-- One row per quota that entries of another country, or another programme, are charged to: the first of them.
with charged as (
    select
        e.programme,
        e.country,
        e.quota,
        min(e.seq) as seq
    from entry as e
    group by e.programme, e.country, e.quota
)

select
    c.seq,
    concat(c.programme, '/', c.country) as expected,
    c.quota as found
from charged as c
where c.quota <> concat(c.programme, '/', c.country)
order by c.seq
limit $most::bigint
