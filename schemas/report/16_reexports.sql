-- Which goods went on from one country to another?
-- Each hop: what was credited to the one and charged to the other: by a license for it, by an overrun, or by
-- the license under which it arrived. A chain goes on where goods that came under a license leave again from
-- under it. Legs are of one group with one amount, or name the same reference.
-- $as_of: day = today; what had taken effect on this day
-- $known_at: instant = now; what had been recorded at this instant
-- $country: country = all; chains with a hop from or to this country
-- if empty: No return from one country is answered by a charge to another.
with recursive live as (
    select e.*
    from entry as e
    where
        e.programme = 'country'
        and e.kind in ('return', 'license', 'overrun', 'export')
        and e.reverses_seq is null
        and e.seq not in (
            select u.reverses_seq
            from entry as u
            where u.reverses_seq is not null and ($known_at is null or u.recorded_at <= $known_at::timestamp)
        )
        and e.effective_on <= $as_of::date
        and ($known_at is null or e.recorded_at <= $known_at::timestamp)
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
    from live as o
    inner join live as i
        on
            o.country <> i.country
            and (
                o.reference = i.reference
                or (
                    o.group_id = i.group_id
                    and o.tpp = i.tpp
                    and o.effective_on = i.effective_on
                    and o.device_id is not distinct from i.device_id
                )
            )
    where
        o.kind = 'return'
        and (
            i.kind in ('license', 'overrun')
            -- charged before, by a license for more than this
            or (
                i.kind = 'export'
                and not exists (
                    select 1
                    from live as x
                    where
                        x.country = i.country and x.kind in ('license', 'overrun')
                        and (
                            x.reference = i.reference
                            or (
                                x.group_id = i.group_id
                                and x.tpp = i.tpp
                                and x.effective_on = i.effective_on
                                and x.device_id is not distinct from i.device_id
                            )
                        )
                )
            )
        )
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
        where b.to_license_no = h.from_license_no and b.in_seq < h.out_seq
    )
    union all
    select
        c.chain,
        c.step + 1 as step,
        n.*
    from chain as c
    inner join hop as n on c.to_license_no = n.from_license_no and c.in_seq < n.out_seq
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
