-- One row per source and key: how many lines of the ledger it has matched.
select
    m.source || ' ' || m.match_key as matched_by,
    m.rows
from (
    select
        p.source,
        p.match_key,
        count(distinct p.seq) as rows
    from pair_kept as p
    group by p.source, p.match_key
    union all
    select
        'declarations' as source,
        'K1' as match_key,
        count(*) as rows
    from k1 as k
    where k.seq is not null and k.row_id is not null
    having count(*) > 0
) as m
order by matched_by
