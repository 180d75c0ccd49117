-- One row per return as the ledger holds it: goods that came back for good, or left for another country.
select
    e.seq,
    e.country::varchar as country,
    e.license_no,
    e.device_id,
    e.quantity,
    e.tpp,
    e.effective_on as on_day,
    e.reference
from entry as e
where
    e.kind = 'return'
    and e.reverses_seq is null
    and not is_undone(e.seq, $known_at)
    and e.effective_on <= $as_of::date
    and e.recorded_at <= $known_at::timestamp
