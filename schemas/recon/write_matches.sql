-- One row per pair of a line of the ledger and a row of a source that were matched, and by which key; K6 are
-- suggestions.
copy ( -- noqa: PRS
    with named as (
        select
            'declarations'::source_name as source,
            d.row_id,
            d.itn || '/' || d.line_no as told_as,
            d.quantity as told_quantity,
            d.run_number,
            d.line
        from declaration as d
        union all
        select
            'shipments'::source_name as source,
            s.row_id,
            s.delivery_no || '/' || s.line_no as told_as,
            s.quantity as told_quantity,
            s.run_number,
            s.line
        from shipment as s
        union all
        select
            'reexports'::source_name as source,
            r.row_id,
            r.reference as told_as,
            r.quantity as told_quantity,
            r.run_number,
            r.line
        from reexport as r
    ),

    both_kinds as (
        select
            p.source,
            p.match_key,
            p.set_no,
            p.seq,
            p.row_id
        from pair as p
        union all
        select
            g.source,
            'K6'::match_name as match_key,
            g.seq as set_no,
            g.seq,
            g.row_id
        from suggestion as g
    )

    select
        b.source,
        b.match_key,
        b.seq as entry,
        l.country,
        guarded(l.license_no) as license_no,
        l.quantity,
        l.on_day,
        guarded(n.told_as) as told_as,
        n.told_quantity,
        n.run_number,
        n.line
    from both_kinds as b
    left join (from line union all from moved) as l on b.seq = l.seq
    left join named as n on b.source = n.source and b.row_id = n.row_id
    order by b.source, b.match_key, b.set_no, b.seq, b.row_id
) to $path (format csv, header)
