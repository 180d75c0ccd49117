-- One row per export as the ledger holds it on a day, as then known: exports and overruns that were not
-- undone, less what was restored under the same license, reference and device (a declaration was cancelled,
-- or made anew).
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

restored as (
    select distinct
        s.license_no,
        coalesce(s.reference, '') as reference,
        coalesce(s.device_id, '') as device_id
    from standing as s
    where s.kind = 'restore'
),

net as (
    select
        max(s.seq) filter (s.kind <> 'restore') as seq,
        arg_max(s.kind, s.seq) filter (s.kind <> 'restore') as kind,
        arg_max(s.country, s.seq) as country,
        s.license_no,
        min(s.device_id) as device_id,
        sum(case s.kind when 'restore' then -s.quantity else s.quantity end)::bigint as quantity,
        sum(case s.kind when 'restore' then -s.tpp else s.tpp end)::bigint as tpp,
        arg_max(s.effective_on, s.seq) filter (s.kind <> 'restore') as effective_on,
        min(s.reference) as reference,
        arg_max(s.consignee, s.seq) as consignee
    from standing as s
    semi join restored as r
        on
            s.license_no = r.license_no
            and coalesce(s.reference, '') = r.reference
            and coalesce(s.device_id, '') = r.device_id
    group by s.license_no, coalesce(s.reference, ''), coalesce(s.device_id, '')
)

select
    s.seq, s.kind::varchar as kind, s.country::varchar as country, s.license_no, s.device_id, s.quantity,
    s.tpp, s.effective_on as on_day, s.reference, s.consignee
from standing as s
anti join restored as r
    on
        s.license_no = r.license_no
        and coalesce(s.reference, '') = r.reference
        and coalesce(s.device_id, '') = r.device_id
where s.kind <> 'restore'
union all
select
    n.seq, n.kind::varchar as kind, n.country::varchar as country, n.license_no, n.device_id, n.quantity,
    n.tpp, n.effective_on as on_day, n.reference, n.consignee
from net as n
where n.seq is not null and n.tpp > 0
