-- Which licenses have something left to ship, and when do they expire?
-- The next to expire first; a license past its expiry is there until what it holds is released.
-- $as_of: day = today; what had taken effect on this day
-- $known_at: instant = now; what had been recorded at this instant
-- $country: country = all; one country
-- $days: whole = all; only those that expire within so many days
with counted as (
    -- in whole devices, where all that moved under the license was of one kind and says how many
    select
        e.license_no,
        sum(
            case when e.kind in ('license', 'restore') then e.quantity else -e.quantity end
        )::bigint as quantity
    from entry as e
    where
        e.license_no is not null
        and e.kind in ('license', 'release', 'export', 'restore')
        and e.effective_on <= $as_of::date
        and ($known_at is null or e.recorded_at <= $known_at::timestamp)
    group by e.license_no
    having count(e.quantity) = count(*) and count(distinct e.device_id) = 1
)

select
    l.license_no,
    l.country,
    c.country_name,
    l.consignee,
    l.device_id,
    l.licensed_tpp,
    l.exported_tpp,
    l.outstanding_tpp,
    h100e(l.outstanding_tpp, r.h100_tpp) as outstanding_h100e,
    n.quantity as outstanding_quantity,
    l.expires_on,
    date_diff('day', $as_of::date, l.expires_on) as days_left,
    l.license_state
from licenses(country_code := $country, as_of := $as_of, known_at := $known_at) as l
inner join country as c on l.country = c.country
left join counted as n on l.license_no = n.license_no
cross join regime as r
where l.outstanding_tpp > 0 and ($days is null or l.expires_on <= $as_of::date + $days::integer)
order by l.expires_on, l.country, l.license_no
