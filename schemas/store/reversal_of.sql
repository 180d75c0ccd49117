-- One row or none: the entry to be reversed, and the entry that reversed it before, if any.
select e.kind, e.quota, e.license_no, e.tpp, e.reverses_seq, r.seq as reversed_by_seq, e.effective_on
from entry as e
left join entry as r on r.reverses_seq = e.seq
where e.seq = :seq
