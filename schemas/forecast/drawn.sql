-- One row per country and day on which its quota was drawn, or goods came back: how many licenses and
-- overruns, and their TPP; or no draws, and the TPP of the returns below zero. What was undone is left out,
-- and of a license that takes the place of a superseded one as much as that one gave back.
with moved as (
    select
        e.seq,
        e.country::varchar as country,
        e.effective_on,
        e.kind,
        e.license_no,
        e.reference,
        e.tpp,
        e.to_headroom_tpp,
        e.kind = 'release' and e.reason ilike 'superseded%' and e.reference is not null as supersedes
    from entry as e
    where
        e.programme = 'country'
        and e.kind in ('license', 'overrun', 'return', 'release')
        and e.reverses_seq is null
        and e.effective_on <= $as_of::date
        and ($known_at is null or e.recorded_at <= $known_at::timestamp)
        and not is_undone(e.seq, $known_at)
),

given_back as (
    select
        m.country,
        m.reference as license_no,
        sum(m.tpp) as tpp
    from moved as m
    where m.supersedes
    group by m.country, m.reference
),

-- how much of each license's TPP is not drawn anew: of what was given back, as far as it goes
placed as (
    select
        m.seq,
        greatest(
            0, least(m.tpp, g.tpp + m.tpp - sum(m.tpp) over (partition by m.license_no order by m.seq))
        ) as tpp
    from moved as m
    inner join given_back as g on m.country = g.country and m.license_no = g.license_no
    where m.kind = 'license'
),

drawn as (
    select
        m.country,
        m.effective_on,
        m.kind,
        -m.to_headroom_tpp - coalesce(p.tpp, 0) as tpp
    from moved as m
    left join placed as p on m.seq = p.seq
    where m.kind <> 'release'
)

select
    d.country,
    d.effective_on as on_day,
    count(*) filter (d.kind <> 'return') as draws,
    -- as far as a bigint reaches: goods that went and came back on a day may sum to more
    least(greatest(sum(d.tpp), -9000000000000000000), 9000000000000000000)::bigint as tpp
from drawn as d
where d.tpp <> 0
group by d.country, d.effective_on, d.kind = 'return'
order by d.country asc, d.effective_on asc, draws desc
