-- Which returns and canceled declarations are still open?
-- A canceled declaration is open while its license holds what did not leave: not exported again, not
-- released. A return is open for some days, unless a charge to another country, or an export to it, names
-- its reference, or is of one group and amount with it: a reexport.
-- $as_of: day = today; what had taken effect on this day
-- $known_at: instant = now; what had been recorded at this instant
-- $country: country = all; one country
-- $days: whole = 90; how long a return stays open
with told as (
    select
        e.* exclude (group_id),
        case when k.first_seq is null then e.group_id else o.group_id end as group_id
    from entry as e
    -- what corrects a leg stands in another group: it counts as what was first posted
    left join correction as k on e.seq = k.instead_seq
    left join entry as o on k.first_seq = o.seq
    where
        e.programme = 'country'
        and e.reverses_seq is null
        and not is_undone(e.seq, $known_at)
        and e.effective_on <= $as_of::date
        and ($known_at is null or e.recorded_at <= $known_at::timestamp)
),

live as (
    select t.*
    from told as t
    where $country is null or t.country::varchar = $country
),

charge as (
    select t.*
    from told as t
    where t.kind in ('license', 'overrun', 'export')
),

held as (
    select l.*
    from licenses(as_of := $as_of, known_at := $known_at) as l
),

-- What was canceled under a license and not used since: a level that rises with each cancellation and falls,
-- not below zero, with each export and release: the last sum less the lowest sum on the way, or zero.
summed as (
    select
        v.license_no,
        v.country,
        v.seq,
        sum(case when v.kind = 'restore' then v.tpp else -v.tpp end) over (
            partition by v.license_no, v.country order by v.seq
            rows between unbounded preceding and current row
        ) as sum_tpp
    from live as v
    where v.kind in ('restore', 'export', 'release')
),

level as (
    select
        s.license_no,
        s.country,
        (arg_max(s.sum_tpp, s.seq) - least(0, min(s.sum_tpp)))::bigint as open_tpp
    from summed as s
    group by s.license_no, s.country
),

canceled as (
    select
        v.license_no,
        v.country,
        max(v.seq) as seq,
        count(*) as entries,
        max(v.effective_on) as effective_on,
        arg_max(v.device_id, v.seq) as device_id,
        arg_max(v.reference, v.seq) as reference,
        sum(v.tpp)::bigint as tpp
    from live as v
    where v.kind = 'restore'
    group by v.license_no, v.country
),

pending as (
    select
        'canceled' as what,
        k.seq,
        k.effective_on,
        k.country,
        k.license_no,
        k.device_id,
        k.entries,
        k.tpp,
        least(v.open_tpp, h.outstanding_tpp) as open_tpp,
        k.reference
    from canceled as k
    inner join level as v on k.license_no = v.license_no and k.country = v.country
    inner join held as h on k.license_no = h.license_no and k.country::varchar = h.country
    where least(v.open_tpp, h.outstanding_tpp) > 0
    union all
    select
        'returned' as what,
        v.seq,
        v.effective_on,
        v.country,
        v.license_no,
        v.device_id,
        1 as entries,
        v.tpp,
        v.tpp as open_tpp,
        v.reference
    from live as v
    where
        v.kind = 'return'
        and v.effective_on > $as_of::date - $days::integer
        and not exists (
            select 1
            from charge as x
            where x.reference = v.reference and x.country <> v.country
        )
        and not exists (
            select 1
            from charge as x
            where
                x.group_id = v.group_id and x.country <> v.country and x.tpp = v.tpp
                and x.effective_on = v.effective_on
                and x.device_id is not distinct from v.device_id
        )
)

select
    p.what,
    p.country::varchar as country,
    c.country_name,
    p.license_no,
    l.license_state,
    p.device_id,
    p.entries,
    p.tpp,
    p.open_tpp,
    h100e(p.open_tpp, r.h100_tpp) as open_h100e,
    p.effective_on,
    date_diff('day', p.effective_on, $as_of::date) as open_days,
    p.reference,
    p.seq
from pending as p
inner join country as c on p.country::varchar = c.country
left join held as l on p.license_no = l.license_no and p.country::varchar = l.country
cross join regime as r
order by p.what asc, p.open_tpp desc, p.seq asc
