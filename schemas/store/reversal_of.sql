-- One row or none: the entry to be reversed, the entry that reversed it before, if any, and the one that was
-- posted in its place with that.
select
    e.kind,
    e.quota,
    e.license_no,
    e.tpp,
    e.device_id,
    e.quantity,
    e.reverses_seq,
    c.seq as stands_seq,
    r.seq as reversed_by_seq,
    e.effective_on
from entry as e
left join entry as r on r.reverses_seq = e.seq
-- what is right stands after what undoes, or before it where more was posted so far than was undone
left join entry as c
    on
        c.request_id = r.request_id
        and c.reverses_seq is null
        and c.seq = r.seq + case
            when (
                select sum(case when b.reverses_seq is null then 1 else -1 end)
                from entry as b
                where b.request_id = r.request_id and b.seq < r.seq
            ) > 0 then -1
            else 1
        end
where e.seq = :seq
