-- One row: how many entries are held, the first and the last of them.
select
    count(*) as entries,
    min(e.seq) as first_seq,
    max(e.seq) as last_seq
from entry as e
