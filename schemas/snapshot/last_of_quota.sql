-- One row per quota: its last entry with its hash, what all of its entries leave, how many they are, and the
-- sum of their numbers, which says whether any is missing.
select
    max(e.seq) as seq,
    arg_max(e.hash, e.seq) as hash,
    sum(e.to_headroom_tpp)::bigint as left_tpp,
    count(*) as entries,
    sum(e.seq)::bigint as seqs
from entry as e
group by e.quota
