-- One row per request that was posted, among those asked for (a JSON array of request ids): its first entry.
select request_id, body_hash, seq
from entry
where request_part = 0 and request_id in (select jsonb_array_elements_text(cast(:request_ids as jsonb)))
