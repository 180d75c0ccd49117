-- Which licenses hold quota and were never, or barely, used?
-- Those that still hold something, were issued long enough ago and shipped a small part; largest first.
-- $as_of: day = today; what had taken effect on this day
-- $known_at: instant = now; what had been recorded at this instant
-- $country: country = all; one country
-- $issued_days: whole = 90; issued at least so many days ago
-- $used_percent: whole = 10; shipped at most this share of what was licensed
with last_export as (
    select
        e.license_no,
        max(e.effective_on) as last_export_on
    from entry as e
    where
        e.kind = 'export'
        and e.reverses_seq is null
        and not is_undone(e.seq, $known_at)
        and e.effective_on <= $as_of::date
        and ($known_at is null or e.recorded_at <= $known_at::timestamp)
    group by e.license_no
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
    percent(l.exported_tpp, l.licensed_tpp) as used_percent,
    l.issued_on,
    date_diff('day', l.issued_on, $as_of::date) as age_days,
    x.last_export_on,
    l.expires_on,
    l.license_state
from licenses(country_code := $country, as_of := $as_of, known_at := $known_at) as l
inner join country as c on l.country = c.country
left join last_export as x on l.license_no = x.license_no
cross join regime as r
where
    l.outstanding_tpp > 0
    and l.licensed_tpp > 0
    and l.issued_on <= $as_of::date - $issued_days::integer
    and l.exported_tpp * 100 <= l.licensed_tpp * $used_percent::bigint
order by l.outstanding_tpp desc, l.license_no asc
