-- Which countries changed state in a week?
-- One row per crossing, in either direction, in the order of recording: a quota that reopens is one too.
-- $to_day: day = today; the last day, by the day of recording
-- $days: whole = 7; how many days, the last one among them
-- $country: country = all; one country
select
    s.recorded_at,
    s.country,
    c.country_name,
    s.from_state,
    s.to_state,
    s.headroom_after_tpp as headroom_tpp,
    h100e(s.headroom_after_tpp, r.h100_tpp) as headroom_h100e,
    e.kind::varchar as kind,
    e.tpp,
    e.license_no,
    s.effective_on,
    s.seq
from state_event as s
inner join entry as e on s.seq = e.seq
inner join country as c on s.country = c.country
cross join regime as r
where
    s.from_state is not null
    and s.recorded_at::date > $to_day::date - $days::integer
    and s.recorded_at::date <= $to_day::date
    and ($country is null or s.country = $country)
order by s.seq
