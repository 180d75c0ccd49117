-- What is left of each country's quota?
-- Headroom is what was allocated less what is licensed, exported or blocked; the lowest stand first.
-- $as_of: day = today; what had taken effect on this day
-- $known_at: instant = now; what had been recorded at this instant
-- $country: country = all; one country
select
    h.country,
    h.country_name,
    h.allocated_tpp,
    h.licensed_tpp,
    h.exported_tpp,
    h.blocked_tpp,
    h.headroom_tpp,
    h.headroom_h100e,
    h.used_percent,
    h.balance_state,
    h.control_state,
    h.last_seq
from headroom(as_of := $as_of, known_at := $known_at) as h
where $country is null or h.country = $country
order by h.headroom_tpp, h.country
