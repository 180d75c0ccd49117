-- One row per refusal, every attempt: which request, the answer as JSON, when, and who asked.
select r.request_id, r.attempt, r.problem, r.refused_at, r.actor
from refusal as r
order by r.refused_at, r.request_id, r.attempt
