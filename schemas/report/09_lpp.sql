-- How much of License Exception LPP did each parent use in a calendar year?
-- Low processing performance: in the rule of 2025, 26,900,000 TPP per ultimate parent and calendar year
-- (15 CFR 740.29). It draws no country's allocation.
-- $as_of: day = today; what had taken effect on this day
-- $known_at: instant = now; what had been recorded at this instant
-- $limit_tpp: whole = 26900000; what a parent may receive in a year
-- if empty: The ledger holds no entries of the programme lpp: it runs country quotas alone, and LPP is not
-- counted.
select
    e.holder as parent,
    year(e.effective_on) as year,
    count(*) as entries,
    (-sum(e.to_headroom_tpp))::bigint as used_tpp,
    h100e((-sum(e.to_headroom_tpp))::bigint, any_value(r.h100_tpp)) as used_h100e,
    $limit_tpp::bigint as limit_tpp,
    ($limit_tpp::bigint + sum(e.to_headroom_tpp))::bigint as left_tpp,
    percent(-sum(e.to_headroom_tpp), $limit_tpp::bigint) as used_percent,
    -sum(e.to_headroom_tpp) > $limit_tpp::bigint as is_over
from entry as e
cross join regime as r
where
    e.programme = 'lpp'
    and e.kind not in ('allocate', 'withdraw')
    and e.effective_on <= $as_of::date
    and ($known_at is null or e.recorded_at <= $known_at::timestamp)
group by e.holder, year(e.effective_on)
order by left_tpp, parent, year
