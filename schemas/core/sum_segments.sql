-- One row per country, kind and programme of the segments: what they add up to, in one reading of them. The
-- days and instants are for held_of, which has no use for them here.
create temp table summed as
select
    s.country,
    s.kind,
    s.programme,
    sum(s.tpp) as tpp,
    min(s.seq) as first_seq,
    max(s.seq) as seq,
    count(*) as entries,
    null::date as effective_on,
    null::timestamp as recorded_at
from segment as s
group by s.country, s.kind, s.programme
