-- One row per break of an earlier day that this night has looked for, although its files cover later days:
-- what a source owes; that whose entries were all matched tonight with its own ITN; and what the ledger has
-- now as it was told.
with entry_of as (
    select
        a.name,
        a.source,
        a.is_missed,
        a.key,
        case when contains(a.key, '/') then split_part(a.key, '/', 1) end as itn,
        unnest(a.seqs) as seq
    from awaited as a
    where a.source in ('declarations', 'shipments')
),

-- each entry, as long as it stands, or what has its key since it was corrected
standing_of as (
    select
        e.name,
        e.source,
        e.is_missed,
        e.itn,
        e.seq,
        coalesce(l.seq, k.seq) as line_seq
    from entry_of as e
    left join line as l on e.seq = l.seq
    left join line as k on l.seq is null and e.is_missed and e.key = k.itn || '/' || k.line_no
),

met as (
    select
        p.source,
        p.seq,
        coalesce(d.itn, s.itn) as itn
    from pair as p
    left join declaration as d on p.source = 'declarations' and p.row_id = d.row_id
    left join shipment as s on p.source = 'shipments' and p.row_id = s.row_id
    where p.seq in (select e.line_seq from standing_of as e)
),

-- one that names another ITN does not settle what is owed
settled_entry as (
    select
        e.name,
        e.seq,
        bool_or(
            coalesce(m.seq is not null and coalesce(e.itn = m.itn, e.is_missed), false)
            or (e.is_missed and e.line_seq is null)
        ) as is_settled
    from standing_of as e
    left join met as m on e.source = m.source and e.line_seq = m.seq
    group by e.name, e.seq, e.line_seq
),

-- what stands of it, or in its place
standing as (
    select
        e.name,
        l.seq
    from entry_of as e
    inner join line as l on e.seq = l.seq
    union
    select
        e.name,
        l.seq
    from entry_of as e
    inner join line as l on e.key = l.itn || '/' || l.line_no
),

as_told as (
    select
        a.name,
        bool_and(
            not differs(a.license_no, l.license_no)
            and case a.code when 'COUNTRY' then l.country = a.source_says else l.country = a.country end
            and case
                when a.code = 'DEVICE' then l.device_id = a.source_says
                else coalesce(a.device_id = l.device_id, true)
            end
            and case a.code
                when 'PERIOD' then is_same_day(l.on_day, try_cast(a.source_says as date))
                when 'MISSING_IN_LEDGER' then is_same_day(l.on_day, a.on_day)
                else true
            end
        )
        and case
            when any_value(a.code) in ('MISSING_IN_LEDGER', 'QUANTITY', 'UNIT', 'CUMULATIVE_AS_DELTA')
                then
                    bool_and(l.quantity is not null)
                    and sum(l.quantity)::bigint::varchar = any_value(a.source_says)
            else true
        end as is_settled
    from awaited as a
    inner join line as l on a.key = l.itn || '/' || l.line_no
    where
        a.code in (
            'MISSING_IN_LEDGER', 'QUANTITY', 'UNIT', 'CUMULATIVE_AS_DELTA', 'COUNTRY', 'DEVICE', 'PERIOD',
            'TREATMENT'
        )
    group by a.name
)

select e.name
from settled_entry as e
group by e.name
having bool_and(e.is_settled)
union
-- in transit until it is missing
select a.name
from awaited as a
inner join found as f
    on
        a.source::varchar = f.source and f.source_says = 'nothing'
        and (a.key = f.key or list_has_any(a.seqs, f.seqs))
where a.is_missed
union
-- what is owed of a reexport is looked for again
select a.name
from awaited as a
where a.source = 'reexports' and a.is_missed
union
select t.name
from as_told as t
where t.is_settled
union
-- of what customs took back, or was posted twice, nothing stands, or but one
select a.name
from awaited as a
left join standing as l on a.name = l.name
where a.code in ('CANCELLED_AT_SOURCE', 'DUPLICATE') and len(a.seqs) > 0
group by a.name
having count(l.seq) = max(case a.code when 'DUPLICATE' then 1 else 0 end)
