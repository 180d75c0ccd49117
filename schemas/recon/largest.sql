-- One row per figure among the three largest that were told: where it stands.
select
    f.source,
    f.run_number,
    f.line,
    f.column_name,
    f.figure::varchar as figure
from (
    select
        'licenses' as source,
        l.run_number,
        l.line,
        'licensed_tpp' as column_name,
        l.licensed_tpp as figure
    from license_told as l
    union all
    select
        'declarations' as source,
        d.run_number,
        d.line,
        'quantity' as column_name,
        d.quantity as figure
    from declaration_version as d
    union all
    select
        'shipments' as source,
        s.run_number,
        s.line,
        'quantity' as column_name,
        s.quantity as figure
    from shipment_version as s
    union all
    select
        'reexports' as source,
        r.run_number,
        r.line,
        'quantity' as column_name,
        r.quantity as figure
    from reexport_version as r
) as f
where f.figure is not null
order by f.figure desc, f.source asc, f.run_number asc, f.line asc
limit 3
