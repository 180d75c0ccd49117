-- One row per refusal at or after an instant: when, whose request, which, and the answer.
select refused_at, actor, request_id, problem
from refusal
where refused_at >= :since
order by refused_at, request_id collate "C", attempt
