-- One row per entry that took headroom below zero and is not the exception: an overrun or a withdraw that a
-- second officer approved, with a reason.
select
    e.seq,
    'headroom of 0 or more, or an overrun or withdraw with an approver and a reason' as expected,
    concat_ws(
        ' ', e.kind, 'to', e.headroom_after_tpp, 'approved by', coalesce(e.approver, 'nobody'),
        case when e.reason is null then 'without a reason' end
    ) as found
from entry as e
where
    e.headroom_after_tpp < 0 and e.to_headroom_tpp < 0
    and (e.kind not in ('overrun', 'withdraw') or e.approver is null or e.reason is null)
order by e.seq
limit $most::bigint
