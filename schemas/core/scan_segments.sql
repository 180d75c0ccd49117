-- entry: one row per entry, where it lies: in the segments, or in the table of those that came after them.
-- For one question; whoever asks a second has the segments laid down.
create temp view entry as
select
    e.seq, e.country::varchar as country, e.kind::varchar as kind, e.tpp, e.programme::varchar as programme,
    e.effective_on, e.recorded_at
from memory.main.entry as e
union all
select
    s.seq, s.country, s.kind, s.tpp, s.programme, s.effective_on, s.recorded_at
from segment as s
