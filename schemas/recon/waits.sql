-- One row per export that no vendor is asked for, as customs is asked for it: later files tell of its day.
select o.seq
from lone_line as o
inner join coverage as c on o.source = c.source
where
    o.source = 'shipments'
    and c.from_on is null
    and o.seq in (
        select unnest(f.seqs)
        from found as f
        where f.source = 'declarations' and f.source_says = 'nothing'
    )
order by o.seq
