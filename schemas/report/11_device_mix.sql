-- Which devices were licensed and exported, by country and quarter?
-- In whole devices, TPP and H100-equivalents, by effective day; mistakes that were put right, declarations
-- canceled and goods returned are taken off, also where that makes a quarter negative.
-- $as_of: day = today; what had taken effect on this day
-- $known_at: instant = now; what had been recorded at this instant
-- $country: country = all; one country
-- $from_day: day = all; from this day on
with named as (
    select
        l.license_no,
        l.country,
        l.device_id
    from licenses(as_of := $as_of, known_at := $known_at) as l
),

moved as (
    select
        e.country::varchar as country,
        year(e.effective_on) || '-Q' || quarter(e.effective_on) as quarter,
        coalesce(e.device_id, n.device_id) as device_id,
        e.quantity,
        e.tpp,
        case
            when e.kind = 'license' and e.reverses_seq is null then 1
            when e.kind = 'release' and e.reverses_seq is not null then -1
            else 0
        end as licensed,
        case
            when e.kind in ('export', 'overrun') then 1
            when e.kind in ('restore', 'return') then -1
            else 0
        end as exported
    from entry as e
    left join named as n on e.license_no = n.license_no and e.country::varchar = n.country
    where
        e.programme = 'country'
        and e.effective_on <= $as_of::date
        and ($known_at is null or e.recorded_at <= $known_at::timestamp)
        and ($from_day is null or e.effective_on >= $from_day::date)
        and ($country is null or e.country::varchar = $country)
)

select
    m.country,
    any_value(c.country_name) as country_name,
    m.quarter,
    m.device_id,
    any_value(d.device_name) as device_name,
    sum(m.quantity * m.licensed)::bigint as licensed_quantity,
    sum(m.tpp * m.licensed)::bigint as licensed_tpp,
    h100e(sum(m.tpp * m.licensed)::bigint, any_value(r.h100_tpp)) as licensed_h100e,
    sum(m.quantity * m.exported)::bigint as exported_quantity,
    sum(m.tpp * m.exported)::bigint as exported_tpp,
    h100e(sum(m.tpp * m.exported)::bigint, any_value(r.h100_tpp)) as exported_h100e
from moved as m
inner join country as c on m.country = c.country
left join device as d on m.device_id = d.device_id
cross join regime as r
where m.licensed <> 0 or m.exported <> 0
group by m.country, m.quarter, m.device_id
order by m.country asc, m.quarter asc, licensed_tpp desc, m.device_id asc
