-- What happened on a country's account, entry by entry?
-- The statement of account: each entry with the headroom after it, in whole TPP and in H100-equivalents.
-- $country: country; whose statement
-- $from_day: day = all; leaves out what took effect before this day
-- $as_of: day = today; what had taken effect on this day
-- $known_at: instant = now; what had been recorded at this instant
select
    s.seq,
    s.effective_on,
    s.recorded_at,
    s.kind,
    s.license_no,
    s.device_id,
    s.quantity,
    s.tpp,
    s.headroom_after_tpp,
    s.headroom_after_h100e,
    s.reference,
    s.reverses_seq
from statement($country, as_of := $as_of, known_at := $known_at) as s
where $from_day is null or s.effective_on >= $from_day::date
order by s.seq
