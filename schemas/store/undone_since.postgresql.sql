-- One row per entry that was undone, of the requests whose first entries are named (a JSON array of seq): by
-- which entry, and whether another was posted with that, as in a correction.
select
    f.seq as first_seq,
    e.seq,
    r.seq as by_seq,
    exists(
        select 1
        from entry as c
        where c.request_id = r.request_id and c.reverses_seq is null
    ) as is_corrected
from entry as f
inner join entry as e on f.request_id = e.request_id
inner join entry as r on e.seq = r.reverses_seq
where f.seq in (select cast(jsonb_array_elements_text(cast(:seqs as jsonb)) as bigint))
order by e.seq
