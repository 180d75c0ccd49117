-- One row per request that was refused, in a range of request ids: its last answer.
select r.request_id, r.body_hash, r.attempt, r.problem, r.refused_at
from refusal as r
where
    r.request_id between :low and :high
    and r.attempt = (select max(l.attempt) from refusal as l where l.request_id = r.request_id)
