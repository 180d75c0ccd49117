-- Which goods went on from one country to another?
-- Each hop: what was credited to the one and charged to the other: by a license for it, by an overrun, or by
-- the license under which it arrived. A chain goes on where goods that came under a license leave again from
-- under it. Legs are of one group with one amount, or name the same reference.
-- $as_of: day = today; what had taken effect on this day
-- $known_at: instant = now; what had been recorded at this instant
-- $country: country = all; chains with a hop from or to this country
-- if empty: No return from one country is answered by a charge to another.
with recursive live as (
    select
        e.* exclude (group_id),
        case when k.first_seq is null then e.group_id else o.group_id end as group_id
    from entry as e
    -- what corrects a leg stands in another group: it counts as what was first posted
    left join correction as k on e.seq = k.instead_seq
    left join entry as o on k.first_seq = o.seq
    where
        e.programme = 'country'
        and e.kind in ('return', 'license', 'overrun', 'export')
        and e.reverses_seq is null
        and not is_undone(e.seq, $known_at)
        and e.effective_on <= $as_of::date
        and ($known_at is null or e.recorded_at <= $known_at::timestamp)
),

-- the other leg: a charge, or goods that arrive under a license for more than this
arrived as (
    select l.*
    from live as l
    where l.kind in ('license', 'overrun')
    union all
    select x.*
    from live as x
    anti join live as r
        on x.country = r.country and x.reference = r.reference and r.kind in ('license', 'overrun')
    anti join live as g
        on
            x.country = g.country
            and x.group_id = g.group_id
            and x.tpp = g.tpp
            and x.effective_on = g.effective_on
            and x.device_id is not distinct from g.device_id
            and g.kind in ('license', 'overrun')
    where x.kind = 'export'
),

-- joined by each of both, as no join by either of them is quick
paired as (
    select
        o.seq as out_seq,
        i.seq as in_seq
    from live as o
    inner join arrived as i on o.reference = i.reference and o.country <> i.country
    where o.kind = 'return'
    union
    select
        o.seq as out_seq,
        i.seq as in_seq
    from live as o
    inner join arrived as i
        on
            o.group_id = i.group_id
            and o.tpp = i.tpp
            and o.effective_on = i.effective_on
            and o.device_id is not distinct from i.device_id
            and o.country <> i.country
    where o.kind = 'return'
),

hop as (
    select
        o.seq as out_seq,
        o.country::varchar as from_country,
        o.license_no as from_license_no,
        o.effective_on,
        o.device_id,
        o.quantity,
        o.tpp as credited_tpp,
        i.seq as in_seq,
        i.country::varchar as to_country,
        i.license_no as to_license_no,
        i.tpp as charged_tpp,
        o.reference
    from paired as p
    inner join live as o on p.out_seq = o.seq
    inner join live as i on p.in_seq = i.seq
),

chain as (
    select
        h.out_seq as chain,
        1 as step,
        h.*
    from hop as h
    where not exists (
        select 1
        from hop as b
        where b.to_license_no = h.from_license_no and greatest(b.in_seq, b.out_seq) < h.out_seq
    )
    union
    select
        c.chain,
        c.step + 1 as step,
        n.*
    from chain as c
    -- after both legs, so that goods that go to and fro come to an end
    inner join hop as n
        on c.to_license_no = n.from_license_no and greatest(c.in_seq, c.out_seq) < n.out_seq
)

select
    c.chain,
    c.step,
    c.effective_on,
    c.from_country,
    c.to_country,
    c.device_id,
    c.quantity,
    c.credited_tpp,
    c.charged_tpp,
    c.charged_tpp - c.credited_tpp as difference_tpp,
    c.from_license_no,
    c.to_license_no,
    c.reference,
    c.out_seq,
    c.in_seq
from chain as c
where
    $country is null
    or c.chain in (
        select k.chain
        from chain as k
        where k.from_country = $country or k.to_country = $country
    )
order by c.chain, c.step, c.in_seq
