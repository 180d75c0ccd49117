-- Which breaks are open, how old, and whose are they?
-- By age in working days, severity, code and owner: how many and how much, net (ledger minus source) and
-- gross. What is in transit is open too, as `info`.
-- $as_of: day = today; as they stood, and how old they were, on this day
-- $country: country = all; one country
-- needs: break
select
    o.age as working_days,
    o.severity,
    o.code,
    o.owner,
    count(*) as breaks,
    count(distinct o.country) as countries,
    coalesce(sum(o.net_tpp), 0)::bigint as net_tpp,
    coalesce(sum(o.at_stake_tpp), 0)::bigint as gross_tpp,
    h100e(coalesce(sum(o.at_stake_tpp), 0)::bigint, any_value(r.h100_tpp)) as gross_h100e,
    min(o.first_seen_on) as oldest_on
from break as o
cross join regime as r
where o.is_open and ($country is null or $country in (o.country, o.other_country))
group by o.age, o.severity, o.code, o.owner
order by
    max(o.age_working_days) desc,
    list_position(['critical', 'severe', 'major', 'minor', 'info'], o.severity) asc,
    gross_tpp desc,
    o.code asc,
    o.owner asc nulls last
