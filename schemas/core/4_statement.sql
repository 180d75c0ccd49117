-- One row per entry: its country's headroom after it, in the order of entry. Entries up to `sorted_through`
-- lie in the order of (country, seq), so one streaming sum over all of them, less what the countries before
-- add up to, is each country's own: ten times faster than a window with a partition. Later ones are few.
create macro running(as_of := null, known_at := null) as table
with chosen as (
    select
        e.seq,
        e.country,
        e.to_headroom_tpp
    from entry as e
    where
        e.programme = 'country'
        and (as_of is null or e.effective_on <= as_of::date)
        and (known_at is null or e.recorded_at <= instant_of(known_at))
),

total as (
    select
        t.country,
        sum(t.to_headroom_tpp)::bigint as total_tpp
    from chosen as t
    where t.seq <= (select s.seq from sorted_through as s)
    group by t.country
),

before as (
    select
        b.country,
        b.total_tpp,
        (sum(b.total_tpp) over (order by b.country) - b.total_tpp)::bigint as base_tpp
    from total as b
),

streamed as (
    select
        w.seq,
        w.country,
        -- sqlfluff cannot read a frame without an order; the order is that of the rows
        sum(w.to_headroom_tpp) over (rows between unbounded preceding and current row) as sum_tpp -- noqa: PRS
    from chosen as w
    where w.seq <= (select s.seq from sorted_through as s)
)

select
    s.seq,
    s.country,
    (s.sum_tpp - b.base_tpp)::bigint as headroom_after_tpp
from streamed as s
inner join before as b on s.country = b.country
union all
select
    l.seq,
    l.country,
    (
        coalesce(b.total_tpp, 0)
        + sum(l.to_headroom_tpp) over (
            partition by l.country order by l.seq rows between unbounded preceding and current row
        )
    )::bigint as headroom_after_tpp
from chosen as l
left join before as b on l.country = b.country
where l.seq > (select s.seq from sorted_through as s);

-- One row per entry of one country, with headroom and H100-equivalents after each.
create macro statement(country_code, as_of := null, known_at := null) as table
select
    e.seq,
    e.effective_on,
    e.recorded_at,
    e.kind::varchar as kind,
    e.license_no,
    e.device_id,
    e.quantity,
    e.tpp,
    r.headroom_after_tpp,
    h100e(r.headroom_after_tpp, g.h100_tpp) as headroom_after_h100e,
    e.reference,
    e.reverses_seq
from entry as e
inner join running(as_of := as_of, known_at := known_at) as r on e.seq = r.seq
cross join regime as g
where e.country::varchar = country_code
order by e.seq;
