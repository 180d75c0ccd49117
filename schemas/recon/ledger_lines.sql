-- One row per export as the ledger holds it on a day, as then known: exports and overruns that were not
-- undone, less what was restored under the same license, reference and device (a declaration was cancelled,
-- or made anew); else under the same license and reference. What was restored beyond that, or without a
-- reference that an export has, is a row below zero (`loose_restores.sql`): nothing that came back is lost.
-- In whose place one was posted is left out where the files tell all ($tells_all): nobody asks.
with known as (
    select
        e.seq, e.kind, e.country, e.license_no, e.device_id, e.quantity, e.tpp, e.effective_on, e.reference,
        e.consignee, e.reverses_seq
    from entry as e
    where
        e.kind in ('export', 'overrun', 'restore', 'return')
        and e.effective_on <= $as_of::date
        and e.recorded_at <= $known_at::timestamp
),

standing as (
    select k.*
    from known as k
    where
        k.kind in ('export', 'overrun', 'restore')
        and k.reverses_seq is null
        and not is_undone(k.seq, $known_at)
),

undone as (
    select
        k.seq,
        k.license_no,
        k.effective_on,
        k.reference
    from known as k
    inner join known as r on k.seq = r.reverses_seq
    where k.kind in ('export', 'overrun') and not $tells_all
),

-- what stands in the place of an entry that was undone: corrected, or posted anew
instead as (
    select
        s.seq,
        u.seq as undone_seq
    from standing as s
    inner join undone as u on s.reference = u.reference and s.seq > u.seq
    union all
    select
        s.seq,
        u.seq as undone_seq
    from standing as s
    inner join undone as u
        on
            s.license_no = u.license_no and s.seq > u.seq
            and abs(s.effective_on - u.effective_on) <= 3
            and (s.reference is null or u.reference is null)
    union all
    select
        c.instead_seq as seq,
        c.first_seq as undone_seq
    from correction as c
    where c.instead_seq in (select k.seq from known as k) and not $tells_all
),

stood as (
    select
        i.seq,
        min(i.undone_seq) as undone_seq
    from instead as i
    group by i.seq
),

named as (
    select
        s.*,
        coalesce(s.reference, '') as ref,
        coalesce(s.device_id, '') as dev
    from standing as s
    where s.license_no in (select r.license_no from standing as r where r.kind = 'restore')
),

exported as (
    select
        n.license_no,
        n.ref,
        n.dev,
        sum(n.tpp) as tpp
    from named as n
    where n.kind <> 'restore'
    group by n.license_no, n.ref, n.dev
),

-- of several devices under one reference that of as much TPP
given as (
    select
        n.* exclude (dev),
        coalesce(e.dev, n.dev) as dev,
        case when e.dev is null then n.seq end as alone_seq
    from named as n
    left join exported as e
        on n.license_no = e.license_no and n.ref = e.ref and n.ref <> ''
    where n.kind = 'restore'
    qualify
        row_number() over (
            partition by n.seq order by n.dev = e.dev desc, n.tpp = e.tpp desc, e.tpp desc, e.dev asc
        ) = 1
),

restored as (
    select distinct
        g.license_no,
        g.ref,
        g.dev
    from given as g
    where g.alone_seq is null
),

moved as (
    select
        n.seq, n.kind, n.country, n.license_no, n.device_id, n.quantity, n.tpp, n.effective_on, n.reference,
        n.consignee, n.ref, n.dev, null as alone_seq
    from named as n
    semi join restored as r on n.license_no = r.license_no and n.ref = r.ref and n.dev = r.dev
    where n.kind <> 'restore'
    union all
    select
        g.seq, g.kind, g.country, g.license_no, g.device_id, -g.quantity as quantity, -g.tpp as tpp,
        g.effective_on, g.reference, g.consignee, g.ref, g.dev, g.alone_seq
    from given as g
),

summed as (
    select
        max(m.seq) filter (m.kind <> 'restore') as export_seq,
        max(m.seq) filter (m.kind = 'restore') as restore_seq,
        min(m.seq) as first_seq,
        arg_max(m.kind, m.seq) filter (m.kind <> 'restore') as kind,
        arg_max(m.country, m.seq) as country,
        m.license_no,
        nullif(m.dev, '') as device_id,
        sum(m.quantity) as quantity,
        bool_and(m.quantity is not null) as is_counted,
        sum(m.quantity) filter (m.kind <> 'restore') as export_quantity,
        sum(m.tpp) filter (m.kind <> 'restore') as export_tpp,
        sum(m.tpp)::bigint as tpp,
        arg_max(m.effective_on, m.seq) filter (m.kind <> 'restore') as export_on,
        arg_max(m.effective_on, m.seq) filter (m.kind = 'restore') as restore_on,
        min(m.reference) as reference,
        arg_max(m.consignee, m.seq) as consignee
    from moved as m
    group by m.license_no, m.ref, m.dev, m.alone_seq
)

select
    s.seq, s.kind::varchar as kind, s.country::varchar as country, s.license_no, s.device_id, s.quantity,
    s.tpp, s.effective_on as on_day, s.reference, s.consignee, true as is_whole,
    least(s.seq, i.undone_seq) as stood_seq
from standing as s
left join stood as i on s.seq = i.seq
anti join restored as r
    on
        s.license_no = r.license_no
        and coalesce(s.reference, '') = r.ref
        and coalesce(s.device_id, '') = r.dev
where s.kind <> 'restore'
union all
select
    case when n.tpp > 0 then n.export_seq else n.restore_seq end as seq,
    case when n.tpp > 0 then n.kind else 'restore' end::varchar as kind,
    n.country::varchar as country,
    n.license_no,
    n.device_id,
    -- what was restored by TPP alone is so many of the pieces that were exported, where it comes out even
    case
        when n.is_counted then n.quantity
        when n.tpp * n.export_quantity % n.export_tpp = 0 then n.tpp * n.export_quantity // n.export_tpp
    end::bigint as quantity,
    n.tpp,
    case when n.tpp > 0 then n.export_on else n.restore_on end as on_day,
    n.reference,
    n.consignee,
    false as is_whole,
    n.first_seq as stood_seq
from summed as n
where n.tpp <> 0
