-- One row per request that was posted, and per one that was refused, among those asked for (a JSON array of
-- request ids): its first entry (no problem), or its last answer.
select request_id, body_hash, seq as seq_or_attempt, null as problem, null as refused_at
from entry
where request_part = 0 and request_id in (select jsonb_array_elements_text(cast(:request_ids as jsonb)))
union all
select r.request_id, r.body_hash, r.attempt, r.problem, r.refused_at
from refusal as r
where
    r.request_id in (select jsonb_array_elements_text(cast(:request_ids as jsonb)))
    and r.attempt = (select max(l.attempt) from refusal as l where l.request_id = r.request_id)
