-- Who holds a country's quota?
-- The largest by what they drew (shipped, or still to ship), the others as one, and over all of them the
-- Herfindahl-Hirschman index: 10,000 is one holder alone, above 2,500 is usually called concentrated.
-- $country: country; whose quota
-- $as_of: day = today; what had taken effect on this day
-- $known_at: instant = now; what had been recorded at this instant
-- $most: whole = 10; how many holders are named
with drawn as (
    select
        coalesce(l.consignee, '(not named)') as consignee,
        l.outstanding_tpp,
        l.exported_tpp,
        1 as licenses
    from licenses(country_code := $country, as_of := $as_of, known_at := $known_at) as l
    union all
    select
        coalesce(e.consignee, '(no license)') as consignee,
        0 as outstanding_tpp,
        case when e.kind = 'overrun' then e.tpp else -e.tpp end as exported_tpp,
        0 as licenses
    from entry as e
    where
        e.license_no is null
        and e.kind in ('overrun', 'return')
        and e.country::varchar = $country
        and e.effective_on <= $as_of::date
        and ($known_at is null or e.recorded_at <= $known_at::timestamp)
),

holder as (
    select
        d.consignee,
        sum(d.licenses)::bigint as licenses,
        sum(d.outstanding_tpp)::bigint as outstanding_tpp,
        sum(d.exported_tpp)::bigint as exported_tpp,
        sum(d.outstanding_tpp + d.exported_tpp)::bigint as drawn_tpp
    from drawn as d
    group by d.consignee
    having sum(d.outstanding_tpp + d.exported_tpp) > 0
),

ranked as (
    select
        h.*,
        row_number() over (order by h.drawn_tpp desc, h.consignee asc) as place,
        sum(h.drawn_tpp) over () as all_tpp,
        sum(h.drawn_tpp::hugeint * h.drawn_tpp) over () as squares
    from holder as h
)

select
    k.rank,
    k.consignee,
    count(*) as holders,
    sum(k.licenses)::bigint as licenses,
    sum(k.outstanding_tpp)::bigint as outstanding_tpp,
    sum(k.exported_tpp)::bigint as exported_tpp,
    sum(k.drawn_tpp)::bigint as drawn_tpp,
    h100e(sum(k.drawn_tpp)::bigint, any_value(r.h100_tpp)) as drawn_h100e,
    percent(sum(k.drawn_tpp), any_value(k.all_tpp)) as share_percent,
    (any_value(k.squares) * 10000 // (any_value(k.all_tpp) * any_value(k.all_tpp)))::bigint as hhi
from (
    select
        case when p.place <= $most::bigint then p.place end as rank,
        case when p.place <= $most::bigint then p.consignee else '(all others)' end as consignee,
        p.* exclude (consignee)
    from ranked as p
) as k
cross join regime as r
group by k.rank, k.consignee
order by k.rank nulls last
