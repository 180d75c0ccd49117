-- One row per request that was posted, in a range of request ids: its first entry.
select request_id, body_hash, seq
from entry
where request_part = 0 and request_id between :low and :high
