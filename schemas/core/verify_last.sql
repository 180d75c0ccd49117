-- One row: the last entry, or zeros where there is none.
select
    coalesce(max(e.seq), 0)::bigint as seq,
    coalesce(arg_max(e.hash, e.seq), repeat('0', 64)) as hash
from entry as e
