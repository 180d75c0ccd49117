-- One row per entry of those named (a JSON array of seq): its hash, and what it left of its quota.
select e.seq, e.hash, e.headroom_after_tpp
from entry as e
where e.seq in (select value from json_each(:seqs))
