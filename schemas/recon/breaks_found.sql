-- One row per break that the passes found, with where in the files of its source it stands.
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
    f.elsewhere_tpp, f.is_critical, f.reason,
    h.headroom_tpp
from found as f
left join declaration_version as d on f.source = 'declarations' and f.row_id = d.row_id
left join shipment_version as s on f.source = 'shipments' and f.row_id = s.row_id
left join reexport_version as r on f.source = 'reexports' and f.row_id = r.row_id
left join license_told as t on f.source = 'licenses' and f.row_id = t.row_id
left join country_held as h on f.country = h.country
order by f.code, f.key, f.scope, f.source
