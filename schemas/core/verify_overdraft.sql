-- One row an entry that took headroom below zero without the approval of a second officer.
select
    e.seq,
    'headroom of 0 or more, or an approver' as expected,
    e.headroom_after_tpp as found
from entry as e
where e.headroom_after_tpp < 0 and e.to_headroom_tpp < 0 and e.approver is null
order by e.seq
limit $most::bigint
