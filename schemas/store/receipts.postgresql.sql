-- One row per entry of the requests whose first entries are named (a JSON array of seq): what a receipt says.
select e.seq, e.request_id, e.kind, e.country, e.license_no, e.tpp, e.headroom_after_tpp, e.hash
from entry as e
where e.request_id in (
    select f.request_id
    from entry as f
    where f.seq in (select cast(jsonb_array_elements_text(cast(:seqs as jsonb)) as bigint))
)
order by e.seq
