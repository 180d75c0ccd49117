-- One row per break that the passes found, with where in the files of its source it stands. What would put it
-- right may draw on a license: room_tpp is what that then has left, piece_tpp what a piece draws, drawn_tpp
-- what the break's own entries do. Of these, `kept_seq` is the one to be kept: the one that is right, or an
-- export, or the first.
with entered as (
    select
        f.found_id,
        list(
            {seq: l.seq, device_id: l.device_id, quantity: l.quantity, reference: l.reference}
            order by f.quantity is distinct from l.quantity, l.kind <> 'export', l.seq
        )[1] as kept,
        coalesce(sum(l.tpp) filter (l.kind = 'export'), 0)::bigint as drawn_tpp
    from (
        select
            g.rowid as found_id,
            try_cast(g.source_says as bigint) as quantity,
            unnest(g.seqs) as seq
        from found as g
        where g.code in ('QUANTITY', 'UNIT', 'CUMULATIVE_AS_DELTA') and g.source <> 'reexports'
    ) as f
    inner join line as l on f.seq = l.seq
    group by f.found_id
),

-- what is drafted for several breaks of one license draws on it one after the other
room as (
    select
        f.rowid as found_id,
        d.tpp as piece_tpp,
        greatest(
            h.outstanding_tpp - coalesce(
                sum(greatest(try_cast(f.source_says as hugeint) * d.tpp - coalesce(e.drawn_tpp, 0), 0))
                    over before_it,
                0
            ),
            0
        )::bigint as room_tpp
    from found as f
    inner join device as d on f.device_id = d.device_id
    inner join license_held as h on f.license_no = h.license_no
    left join entered as e on f.rowid = e.found_id
    where
        f.code in ('MISSING_IN_LEDGER', 'QUANTITY', 'UNIT', 'CUMULATIVE_AS_DELTA')
        and coalesce(f.agree = 'declarations+shipments', f.code = 'CUMULATIVE_AS_DELTA')
    window before_it as (
        partition by f.license_no order by f.code, f.key, f.seqs, f.row_id
        rows between unbounded preceding and 1 preceding
    )
)

select
    f.code, f.key, f.scope, f.source, f.country, f.other_country, f.license_no, f.device_id, f.seqs,
    coalesce(
        'run ' || d.run_number || ', line ' || d.line,
        'run ' || s.run_number || ', line ' || s.line,
        'run ' || r.run_number || ', line ' || r.line,
        'run ' || t.run_number || ', line ' || t.line
    ) as file_line,
    coalesce(d.filer, s.vendor, r.reporter) as filer,
    f.on_day, f.ledger_says, f.source_says, f.third_says, f.agree, f.match_key, f.net_tpp, f.at_stake_tpp,
    f.elsewhere_tpp, f.elsewhere_device_id, f.elsewhere_quantity, f.is_critical, f.reason,
    h.headroom_tpp, x.license_no is not null as is_held, m.room_tpp, m.piece_tpp, e.drawn_tpp,
    e.kept.seq as kept_seq, e.kept.device_id as kept_device_id, e.kept.quantity as kept_quantity,
    e.kept.reference as kept_reference
from found as f
left join declaration_version as d on f.source = 'declarations' and f.row_id = d.row_id
left join shipment_version as s on f.source = 'shipments' and f.row_id = s.row_id
left join reexport_version as r on f.source = 'reexports' and f.row_id = r.row_id
left join license_told as t on f.source = 'licenses' and f.row_id = t.row_id
left join country_held as h on f.country = h.country
left join license_held as x on f.license_no = x.license_no
left join entered as e on f.rowid = e.found_id
left join room as m on f.rowid = m.found_id
order by f.code, f.key, f.scope, f.source, f.seqs, f.row_id
