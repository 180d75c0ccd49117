-- One row per country: its quota and what is left of it. This is the one definition of headroom.
--
--     headroom = allocated - licensed (not yet exported) - exported - blocked
--
-- `as_of` (a day) asks what had taken effect, `known_at` (an instant, UTC) what had been recorded. All
-- figures are whole TPP; H100-equivalents are tpp / h100_tpp of the regime, cut to two decimals toward zero.

-- An instant as it is asked for: of text, a day is its end, however it is written, and what names no offset
-- and no zone is UTC. What does not begin with a day and its whole year would be read as another one.
create macro instant_of(given) as
case
    when regexp_full_match(trim(given::varchar), '\d{4}-\d+-\d+')
        then given::varchar::date + interval 1 day - interval 1 microsecond
    when regexp_full_match(trim(given::varchar), '\d{4}-\d+-\d+[T ]\d.*[a-zA-Z+-].*')
        then make_timestamp(epoch_us(given::varchar::timestamptz))
    when regexp_full_match(trim(given::varchar), '\d{4}-\d+-\d+[T ]\d.*')
        then given::varchar::timestamp
    else error(format('''{}'' is not a time: write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ', given::varchar))
end;

create macro h100e(tpp, h100_tpp) as ((tpp * 100) // h100_tpp)::decimal(18, 0) * 0.01::decimal(3, 2);

-- The state of a balance: the same for display, filter and alert. Of a country that has no quota it is null.
create macro balance_state(allocated_tpp, headroom_tpp, h100_tpp, watch_percent, critical_percent) as
case
    when
        allocated_tpp is null
        or headroom_tpp is null
        or h100_tpp is null
        or watch_percent is null
        or critical_percent is null
        then null
    when headroom_tpp < 0 then 'overdrawn'
    when headroom_tpp < h100_tpp then 'exhausted'
    when (allocated_tpp - headroom_tpp) * 100 >= allocated_tpp * critical_percent then 'critical'
    when (allocated_tpp - headroom_tpp) * 100 >= allocated_tpp * watch_percent then 'watch'
    else 'open'
end;

-- What a move puts into a bucket: its TPP, its TPP taken away, or nothing.
create macro into_bucket(bucket, source, target, tpp) as
case when target = bucket then tpp when source = bucket then -tpp else 0 end;

-- How much of a whole a part is, in percent: cut, not rounded, so that 99.96 is not 100.
create macro percent(part, whole) as
case when whole > 0 then ((part::hugeint * 1000) // whole)::decimal(18, 0) * 0.1::decimal(2, 1) end;

-- How much of what was allocated is used.
create macro used_percent(allocated_tpp, headroom_tpp) as
percent(allocated_tpp - headroom_tpp, allocated_tpp);

-- What an account may be used for.
create macro control_state(is_closed, allocated_tpp, blocked_tpp, headroom_tpp, h100_tpp) as
case
    when
        is_closed is null
        or allocated_tpp is null
        or blocked_tpp is null
        or headroom_tpp is null
        or h100_tpp is null
        then null
    when is_closed or allocated_tpp = 0 then 'closed'
    when blocked_tpp > 0 and headroom_tpp < h100_tpp then 'suspended'
    when blocked_tpp > 0 then 'blocked'
    else 'none'
end;

-- One row per country: what the entries of a relation after a seq add up to, bucket by bucket, and what the
-- states of its quota depend on besides.
create macro held_of(relation, as_of, known_at, after := 0) as table
-- Taken where no table is in sight: in the query below, a column that somebody asks with would be one of its
-- own.
with asked_of as (
    select
        as_of::date as asked_on,
        instant_of(known_at) as asked_at
),

moved as (
    select
        e.country,
        e.kind,
        sum(e.tpp) as tpp, -- there and back again it may be more than fits into a bigint
        max(e.seq) as last_seq
    from query_table(relation) as e
    cross join asked_of as q
    where
        e.programme = 'country'
        and e.seq > after
        and (q.asked_on is null or e.effective_on <= q.asked_on)
        and (q.asked_at is null or e.recorded_at <= q.asked_at)
    group by e.country, e.kind
),

held as (
    select
        v.country::country_code::varchar as country,
        -sum(into_bucket('regime', m.source, m.target, v.tpp))::bigint as allocated_tpp,
        sum(into_bucket('licensed', m.source, m.target, v.tpp))::bigint as licensed_tpp,
        sum(into_bucket('exported', m.source, m.target, v.tpp))::bigint as exported_tpp,
        sum(into_bucket('blocked', m.source, m.target, v.tpp))::bigint as blocked_tpp,
        sum(into_bucket('headroom', m.source, m.target, v.tpp))::bigint as headroom_tpp,
        max(v.last_seq) as last_seq
    from moved as v
    inner join move as m on v.kind::kind_name::varchar = m.kind
    group by v.country
)

select
    h.*,
    c.country_name,
    c.treated_as is not null or s.country is null or coalesce(q.asked_on, t.on_day) > r.period_to
        as is_closed,
    r.h100_tpp,
    r.watch_percent,
    r.critical_percent
from held as h
inner join country as c on h.country = c.country
cross join regime as r
cross join today as t
cross join asked_of as q
-- outside of the period, the tier is that of its first day or its last
left join tier as s
    on
        h.country = s.country and s.tier = 2
        and least(greatest(coalesce(q.asked_on, t.on_day), r.period_from), r.period_to)
        between s.valid_from and coalesce(s.valid_to, r.period_to);

-- One row per country: what is left, by a relation that is like held_of.
create macro left_of(relation) as table
select
    h.country,
    h.country_name,
    h.allocated_tpp,
    h.licensed_tpp,
    h.exported_tpp,
    h.blocked_tpp,
    h.headroom_tpp,
    h100e(h.headroom_tpp, h.h100_tpp) as headroom_h100e,
    used_percent(h.allocated_tpp, h.headroom_tpp) as used_percent,
    balance_state(
        h.allocated_tpp, h.headroom_tpp, h.h100_tpp, h.watch_percent, h.critical_percent
    ) as balance_state,
    control_state(
        h.is_closed, h.allocated_tpp, h.blocked_tpp, h.headroom_tpp, h.h100_tpp
    ) as control_state,
    h.last_seq
from query_table(relation) as h;

create macro headroom(as_of := null, known_at := null) as table
-- a name in quotes is a use, too
with held as (from held_of('entry', as_of, known_at)) -- noqa: ST03

select l.*
from left_of('held') as l
order by l.headroom_tpp, l.country;
