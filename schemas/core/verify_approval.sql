-- One row per entry that its maker approved.
select
    e.seq,
    'an approver other than ' || e.actor as expected,
    e.approver as found
from entry as e
where lower(e.approver) = lower(e.actor)
order by e.seq
limit $most::bigint
