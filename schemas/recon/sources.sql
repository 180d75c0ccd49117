-- One row per source and filer: how many rows it told, how many of them late, set aside, or part of a break,
-- and the rest as a percentage, cut to two decimals.
with broken as (
    select
        f.source,
        coalesce(d.filer, s.vendor, r.reporter, '') as filer,
        count(distinct f.row_id) as breaks
    from found as f
    left join declaration_version as d on f.source = 'declarations' and f.row_id = d.row_id
    left join shipment_version as s on f.source = 'shipments' and f.row_id = s.row_id
    left join reexport_version as r on f.source = 'reexports' and f.row_id = r.row_id
    where f.row_id is not null
    group by all
)

select
    c.source,
    coalesce(c.filer, '') as filer,
    c.row_count,
    c.late,
    c.quarantined as fatal,
    coalesce(b.breaks, 0) as breaks,
    ((c.row_count - coalesce(b.breaks, 0)) * 10000 // nullif(c.row_count, 0))::decimal(18, 0)
    * 0.01::decimal(3, 2) as rate_percent
from source_count as c
left join broken as b on c.source = b.source and coalesce(c.filer, '') = b.filer
order by c.source, filer
