-- One row per entry that issued one of these licenses (a JSON array) and stands, of those after a seq and of
-- those known to have (a JSON array of seq): its license, its seq, the day it was issued for, and its expiry.
with issued as (
    select seq
    from entry
    where
        seq > :up_to and kind = 'license' and reverses_seq is null
        and license_no in (select jsonb_array_elements_text(cast(:licenses as jsonb)))
    union
    select cast(jsonb_array_elements_text(cast(:known as jsonb)) as bigint)
)

select
    e.license_no,
    e.seq,
    e.effective_on,
    e.expires_on
from issued
inner join entry as e on e.seq = issued.seq
where not exists (select 1 from entry as r where r.reverses_seq = e.seq)
order by e.seq
