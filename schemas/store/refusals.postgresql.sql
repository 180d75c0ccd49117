-- One row per refusal after a given one, a page of them, in the order of request id (by its bytes) and
-- attempt.
select request_id, attempt, body_hash, problem, refused_at, actor
from refusal
where (request_id collate "C", attempt) > (:request_id, :attempt)
order by request_id collate "C", attempt
limit :size
