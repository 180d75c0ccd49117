-- One row an entry whose stored headroom is not that of the running sum: none.
select e.seq, e.headroom_after_tpp, r.headroom_after_tpp as running_tpp
from entry as e
full join running() as r on e.seq = r.seq
where e.headroom_after_tpp is distinct from r.headroom_after_tpp
