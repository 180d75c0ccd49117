-- One row a country and day on which its quota was drawn, or goods came back: how many licenses and
-- overruns, and their TPP; or no draws, and the TPP of the returns below zero. What was undone is left out,
-- and so is a license that only takes the place of a superseded one.
select
    e.country::varchar as country,
    e.effective_on as on_day,
    count(*) filter (e.kind <> 'return') as draws,
    sum(e.to_headroom_tpp * -1)::bigint as tpp
from entry as e
where
    e.programme = 'country'
    and e.kind in ('license', 'overrun', 'return')
    and e.reverses_seq is null
    and e.effective_on <= $as_of::date
    and ($known_at is null or e.recorded_at <= $known_at::timestamp)
    and not is_undone(e.seq, $known_at)
    and (
        e.license_no is null
        or e.license_no not in (
            select s.reference
            from entry as s
            where
                s.kind = 'release' and s.reason ilike 'superseded%' and s.reference is not null
                and s.reverses_seq is null
                and not is_undone(s.seq, $known_at)
                and s.effective_on <= $as_of::date
                and ($known_at is null or s.recorded_at <= $known_at::timestamp)
        )
    )
group by e.country, e.effective_on, e.kind = 'return'
order by e.country::varchar asc, e.effective_on asc, draws desc
