-- Whether windows add up rightly: not everywhere where the script of a snapshot runs (`snapshot/guard.sql`).
create macro fit_for_windows() as true;

-- One row per entry: its country's headroom after it, in the order of entry. Entries up to `sorted_through`
-- lie in the order of (country, seq), so one streaming sum over all of them, less what the countries before
-- add up to, is each country's own: ten times faster than a window with a partition. Later ones are few.
create macro running(as_of := null, known_at := null) as table
-- names that no column has that somebody asks with
with known as (
    select
        e.seq as entry_seq,
        e.country as entry_country,
        e.to_headroom_tpp as entry_tpp,
        e.programme as entry_programme,
        e.effective_on as entry_on,
        e.recorded_at as entry_at
    from entry as e
),

chosen as (
    select
        entry_known.entry_seq as seq,
        entry_known.entry_country as country,
        entry_known.entry_tpp as to_headroom_tpp
    from known as entry_known
    where
        entry_known.entry_programme = 'country'
        and fit_for_windows()
        and (as_of is null or entry_known.entry_on <= as_of::date)
        and (known_at is null or entry_known.entry_at <= instant_of(known_at))
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

-- A country as it is named here, or null. What is none has no empty statement.
create macro known_country(given) as
case
    when given is null or given in (select c.country from country as c) then given
    else error('no country is called ' || given || ' here: two letters name one, as in table country')
end;

-- One row per entry of one country, with headroom and H100-equivalents after each.
create macro statement(country_code, as_of := null, known_at := null) as table
with asked_of as (
    select
        known_country(country_code) as asked_country,
        as_of::date as asked_on,
        instant_of(known_at) as asked_at
),

chosen as (
    select
        e.seq, e.effective_on, e.recorded_at, e.kind, e.license_no, e.device_id, e.quantity, e.tpp,
        e.reference, e.reverses_seq,
        sum(e.to_headroom_tpp) over (
            order by e.seq rows between unbounded preceding and current row
        )::bigint as headroom_after_tpp
    from entry as e
    cross join asked_of as q
    where
        e.programme = 'country'
        and fit_for_windows()
        and e.country::varchar = q.asked_country
        and (q.asked_on is null or e.effective_on <= q.asked_on)
        and (q.asked_at is null or e.recorded_at <= q.asked_at)
)

select
    c.seq,
    c.effective_on,
    c.recorded_at,
    c.kind::varchar as kind,
    c.license_no,
    c.device_id,
    c.quantity,
    c.tpp,
    c.headroom_after_tpp,
    h100e(c.headroom_after_tpp, g.h100_tpp) as headroom_after_h100e,
    c.reference,
    c.reverses_seq
from chosen as c
cross join regime as g
order by c.seq;
