-- What was left on a day, and what did we think on that day was left?
-- Headroom at the day's close as it is known now, beside what the ledger said when the day was over (UTC).
-- $on_day: day = today; the day asked about
-- $country: country = all; one country
with late as (
    select
        e.country::varchar as country,
        count(*) as entries
    from entry as e
    where
        e.programme = 'country'
        and e.effective_on <= $on_day::date
        and e.recorded_at >= $on_day::date + 1
    group by e.country
)

select
    h.country,
    h.country_name,
    h.headroom_tpp,
    h.headroom_h100e,
    h.balance_state,
    t.headroom_tpp as thought_tpp,
    t.headroom_h100e as thought_h100e,
    t.balance_state as thought_state,
    h.headroom_tpp - t.headroom_tpp as difference_tpp,
    coalesce(l.entries, 0) as entries_since
from headroom(as_of := $on_day) as h
left join
    headroom(as_of := $on_day, known_at := ($on_day::date + 1)::timestamp - interval 1 microsecond) as t
    on h.country = t.country
left join late as l on h.country = l.country
where $country is null or h.country = $country
order by h.headroom_tpp, h.country
