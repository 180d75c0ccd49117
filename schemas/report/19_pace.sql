-- Does a country use its quota faster than the period passes, month by month?
-- Used is what is licensed, exported or blocked; ahead, how far that is beyond an even use of the
-- allocation.
-- $as_of: day = today; what had taken effect on this day
-- $known_at: instant = now; what had been recorded at this instant
-- $country: country = all; one country
-- $months: whole = all; only the last so many months
with moved as (
    select
        e.country,
        date_trunc('month', e.effective_on)::date as month_on,
        sum(case e.kind when 'allocate' then e.tpp when 'withdraw' then -e.tpp else 0 end)::bigint
            as allocated_tpp,
        -sum(case when e.kind in ('allocate', 'withdraw') then 0 else e.to_headroom_tpp end)::bigint
            as used_tpp,
        sum(
            case
                when e.kind in ('export', 'overrun') then e.tpp
                when e.kind in ('restore', 'return') then -e.tpp
                else 0
            end
        )::bigint as exported_tpp
    from entry as e
    where
        e.programme = 'country'
        and e.effective_on <= $as_of::date
        and ($known_at is null or e.recorded_at <= $known_at::timestamp)
        and ($country is null or e.country::varchar = $country)
    group by e.country, date_trunc('month', e.effective_on)
),

calendar as (
    select
        n.country,
        unnest(
            generate_series(
                date_trunc('month', r.period_from), least($as_of::date, r.period_to), interval 1 month
            )
        )::date as month_on
    from (select distinct m.country from moved as m) as n
    cross join regime as r
),

summed as (
    select
        k.country,
        k.month_on,
        least(last_day(k.month_on), $as_of::date, r.period_to) as until_on,
        coalesce(m.used_tpp, 0) as month_tpp,
        coalesce(m.exported_tpp, 0) as exported_tpp,
        sum(coalesce(m.used_tpp, 0)) over so_far::bigint as used_tpp,
        sum(coalesce(m.allocated_tpp, 0)) over so_far::bigint as allocated_tpp
    from calendar as k
    cross join regime as r
    left join moved as m on k.country = m.country and k.month_on = m.month_on
    window so_far as (
        partition by k.country order by k.month_on rows between unbounded preceding and current row
    )
),

paced as (
    select
        s.*,
        date_diff('day', r.period_from, s.until_on) + 1 as days,
        date_diff('day', r.period_from, r.period_to) + 1 as period_days,
        r.h100_tpp
    from summed as s
    cross join regime as r
)

select
    p.country::varchar as country,
    c.country_name,
    strftime(p.month_on, '%Y-%m') as month,
    p.month_tpp,
    p.exported_tpp,
    p.used_tpp,
    p.allocated_tpp,
    percent(p.used_tpp, p.allocated_tpp) as used_percent,
    percent(p.days, p.period_days) as elapsed_percent,
    (p.used_tpp - (p.allocated_tpp::hugeint * p.days) // p.period_days)::bigint as ahead_tpp,
    h100e((p.used_tpp - (p.allocated_tpp::hugeint * p.days) // p.period_days)::bigint, p.h100_tpp)
        as ahead_h100e
from paced as p
inner join country as c on p.country::varchar = c.country
where $months is null or p.month_on > date_trunc('month', $as_of::date) - to_months($months::integer)
order by p.country::varchar, p.month_on
