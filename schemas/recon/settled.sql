-- One row per break of an earlier day that this night has looked for, although its files cover later days:
-- what a source owes; that whose entries were all matched tonight; and what the ledger has now as it was
-- told.
with entry_of as (
    select
        a.name,
        a.source,
        unnest(a.seqs) as seq
    from awaited as a
    where a.source in ('declarations', 'shipments')
)

select a.name
from awaited as a
where a.is_missed
union
select e.name
from entry_of as e
left join line as l on e.seq = l.seq
left join lone_line as o on e.source = o.source and e.seq = o.seq
group by e.name
having bool_and(l.seq is not null and o.seq is null)
union
select a.name
from awaited as a
inner join line as l on a.key = l.itn || '/' || l.line_no
where
    case
        when a.code in ('MISSING_IN_LEDGER', 'QUANTITY', 'CUMULATIVE_AS_DELTA')
            then l.quantity::varchar = a.source_says
        when a.code = 'COUNTRY' then l.country = a.source_says
        when a.code = 'DEVICE' then l.device_id = a.source_says
        when a.code = 'PERIOD' then is_same_day(l.on_day, try_cast(a.source_says as date))
        else false
    end
    and a.license_no is not distinct from l.license_no
    and (a.code = 'COUNTRY' or a.country = l.country)
    and (a.code = 'DEVICE' or coalesce(a.device_id = l.device_id, true))
    and (a.code = 'PERIOD' or is_same_day(a.on_day, l.on_day))
