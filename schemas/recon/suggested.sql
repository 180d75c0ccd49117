-- One row per pair of a line and a row of a source that may be the same goods (K6).
select
    s.source,
    s.seq,
    s.row_id,
    s.likeness
from suggestion as s
order by s.source, s.seq
