-- One row or none: the entry to be reversed, the entry that reversed it before, if any, and the one that was
-- posted in its place with that.
select
    e.kind,
    e.quota,
    e.license_no,
    e.tpp,
    e.reverses_seq,
    c.seq as stands_seq,
    r.seq as reversed_by_seq,
    e.effective_on
from entry as e
left join entry as r on r.reverses_seq = e.seq
left join entry as c on c.request_id = r.request_id and c.kind = e.kind and c.reverses_seq is null
where e.seq = :seq
order by c.seq
limit 1
