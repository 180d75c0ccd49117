-- One row a return as the ledger holds it: goods that came back for good, or left for another country.
with known as (
    select e.*
    from entry as e
    where
        e.effective_on <= $as_of::date
        and e.recorded_at <= $known_at::timestamp
)

select
    k.seq,
    k.country::varchar as country,
    k.license_no,
    k.device_id,
    k.quantity,
    k.tpp,
    k.effective_on as on_day,
    k.reference
from known as k
where
    k.kind = 'return'
    and k.reverses_seq is null
    and k.seq not in (select u.reverses_seq from known as u where u.reverses_seq is not null)
