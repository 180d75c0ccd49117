-- One row: how many entries the segments hold, the first and the last of them.
select
    sum(s.entries)::bigint as entries,
    min(s.first_seq) as first_seq,
    max(s.seq) as last_seq
from summed as s
