-- One row per entry that a copy of the ledger (`arriving`: the columns that headroom needs) holds otherwise
-- than the ledger does, or that one of them lacks, up to the last entry of the copy. 1,000 are enough.
with kept as (
    select
        e.seq, e.kind, e.country, e.programme, e.effective_on, e.tpp, e.to_headroom_tpp
    from entry as e
    where e.seq <= (select max(a.seq) from arriving as a)
),

-- what was posted and copied since is not verified
copied as (
    select
        a.seq, a.kind, a.country, a.programme, a.effective_on, a.tpp, a.to_headroom_tpp
    from arriving as a
    where a.seq <= (select max(e.seq) from entry as e)
)

select
    coalesce(k.seq, a.seq) as seq,
    concat_ws(' ', k.kind, k.country, k.programme, k.effective_on, k.tpp, k.to_headroom_tpp) as expected,
    concat_ws(' ', a.kind, a.country, a.programme, a.effective_on, a.tpp, a.to_headroom_tpp) as found
from kept as k
full join copied as a on k.seq = a.seq
where
    k.kind::varchar is distinct from a.kind
    or k.country::varchar is distinct from a.country
    or k.programme::varchar is distinct from a.programme
    or k.effective_on is distinct from a.effective_on
    or k.tpp is distinct from a.tpp
    or k.to_headroom_tpp is distinct from a.to_headroom_tpp
order by coalesce(k.seq, a.seq)
limit 1000
