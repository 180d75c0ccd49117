-- found: adds one row per license under which more pieces of its device left than it was issued for, though
-- their TPP fits: what is stated may be near the catalogue's, for a license as for each export. What left is
-- what the ledger says by pieces, and what others have seen beyond it. Releases take nothing from what it was
-- issued for: they are of TPP, and what is left of that need not come out even.
insert into found by name
with allowed as (
    select
        h.license_no,
        h.country,
        h.device_ids[1] as device_id,
        h.quantity,
        h.licensed_tpp
    from license_held as h
    where
        h.quantity is not null and len(h.device_ids) = 1
        and h.license_no not in (
            select f.license_no
            from found as f
            where f.code = 'OVER_LICENSE' and f.license_no is not null
        )
        -- how many came back is not known
        and h.license_no not in (
            select b.license_no
            from given_back as b
            where b.quantity is null and b.license_no is not null
        )
),

left_under as (
    select
        l.license_no,
        l.told_by,
        l.device_id,
        l.quantity
    from gone as l
    where l.device_id is not null
    union all
    select
        b.license_no,
        'declarations' as told_by,
        b.device_id,
        b.quantity
    from given_back as b
    union all
    select
        c.license_no,
        'declarations' as told_by,
        coalesce(c.told_device_id, c.device_id) as device_id,
        c.told_quantity - coalesce(c.quantity, 0) as quantity
    from compared as c
    anti join (
        select f.seqs
        from found as f
        where f.source = 'declarations' and f.code in ('DUPLICATE', 'UNIT')
    ) as f on c.seqs = f.seqs
    where
        c.source = 'declarations' and not c.is_cancelled
        and c.told_quantity > coalesce(c.quantity, 0)
        -- of several lines some may be counted above
        and (c.quantity is not null or len(c.seqs) = 1)
    union all
    select
        o.license_no,
        'declarations' as told_by,
        o.device_id,
        o.quantity
    from found as f
    inner join lone_told as o on o.source = 'declarations' and f.row_id = o.row_id
    where
        f.source = 'declarations' and f.seqs is null
        and f.code not in ('DUPLICATE', 'UNIT', 'UNKNOWN_LICENSE')
    union all
    select
        coalesce(p.license_no, t.license_no) as license_no,
        'reexports' as told_by,
        coalesce(t.device_id, p.device_id) as device_id,
        t.quantity - coalesce(p.quantity, 0) as quantity
    from transfer as t
    left join posted as p on t.reference = p.reference
    anti join late_transfer as l on t.reference = l.reference
    where
        t.has_in and t.quarantine is null
        and t.quantity > coalesce(p.quantity, 0)
        and (p.seqs is null or p.quantity is not null)
        and not coalesce(is_ratio(p.quantity, t.quantity), false)
),

counted as (
    select
        a.license_no,
        min(a.country) as country,
        min(a.device_id) as device_id,
        min(a.quantity) as quantity,
        min(a.licensed_tpp) as licensed_tpp,
        min(u.told_by) as told_by,
        sum(u.quantity)::bigint as left_quantity
    from left_under as u
    inner join allowed as a on u.license_no = a.license_no and coalesce(u.device_id = a.device_id, true)
    group by a.license_no
)

select
    'OVER_LICENSE' as code,
    c.license_no as key,
    '' as scope,
    c.told_by as source,
    c.country,
    c.license_no,
    c.device_id,
    format('{:,} x {}', c.quantity, c.device_id) as ledger_says,
    format('{:,} x {}', c.left_quantity, c.device_id) as source_says,
    0::bigint as net_tpp,
    0::bigint as other_tpp,
    ((c.left_quantity - c.quantity)::hugeint * c.licensed_tpp // c.quantity)::bigint as at_stake_tpp,
    false as is_critical,
    format(
        '{:,} x {} left under the license, which is for {:,}; their TPP fits',
        c.left_quantity, c.device_id, c.quantity
    ) as reason
from counted as c
where c.left_quantity > c.quantity;
