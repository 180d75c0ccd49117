-- Who posts late, and how late?
-- One row per officer and filer (the exporter that the entry or its license names). Late is what was recorded
-- so many days or more after its day; what undoes a mistake is left out, as it takes the day of what it
-- undoes.
-- $from_day: day = all; recorded on this day or later
-- $to_day: day = today; recorded on this day or before
-- $late_days: whole = 30; recorded so many days after its day is late
-- $country: country = all; one country
with filer as (
    select
        e.license_no,
        arg_max(e.exporter, e.seq) as exporter
    from entry as e
    where e.kind = 'license' and e.reverses_seq is null and not is_undone(e.seq)
    group by e.license_no
),

lagging as (
    select
        e.actor,
        coalesce(e.exporter, f.exporter) as filer,
        date_diff('day', e.effective_on, e.recorded_at::date) as lag_days,
        e.tpp,
        e.seq
    from entry as e
    left join filer as f on e.license_no = f.license_no
    where
        e.reverses_seq is null
        and e.kind in ('license', 'release', 'export', 'restore', 'overrun', 'return')
        and ($from_day is null or e.recorded_at >= $from_day::date)
        and e.recorded_at < $to_day::date + 1
        and ($country is null or e.country::varchar = $country)
)

select
    l.actor,
    l.filer,
    count(*) as entries,
    count(*) filter (l.lag_days > 0) as backdated,
    count(*) filter (l.lag_days >= $late_days::bigint) as late,
    percent(count(*) filter (l.lag_days >= $late_days::bigint), count(*)) as late_percent,
    try_cast(coalesce(sum(l.tpp) filter (l.lag_days >= $late_days::bigint), 0) as bigint) as late_tpp,
    quantile_disc(l.lag_days, 0.5) as median_days,
    quantile_disc(l.lag_days, 0.9) as p90_days,
    max(l.lag_days) as longest_days,
    arg_max(l.seq, (l.lag_days, -l.seq)) as latest_seq
from lagging as l
group by l.actor, l.filer
order by late desc, entries desc, l.actor asc, l.filer asc nulls last
