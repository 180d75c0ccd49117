-- One row per request that was refused, among those asked for (a JSON array of request ids): its last answer.
select r.request_id, r.body_hash, r.attempt, r.problem, r.refused_at
from refusal as r
where
    r.request_id in (select jsonb_array_elements_text(cast(:request_ids as jsonb)))
    and r.attempt = (select max(l.attempt) from refusal as l where l.request_id = r.request_id)
