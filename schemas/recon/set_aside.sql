-- found: adds one row per break for what was set aside on arrival and stands in no view: an amendment that
-- came too late.
insert into found by name
select
    q.code,
    min(
        coalesce(
            v.itn || '/' || v.line_no, s.delivery_no || '/' || s.line_no, r.reference, q.license_no, q.value
        )
    ) as key,
    '' as scope,
    q.source::varchar as source,
    min(q.country) as country,
    min(q.license_no) as license_no,
    min(q.device_id) as device_id,
    q.row_id,
    min(coalesce(v.exported_on, s.shipped_on, r.moved_on)) as on_day,
    min(l.quantity)::varchar as ledger_says,
    min(q.quantity)::varchar as source_says,
    0::bigint as net_tpp,
    0::bigint as other_tpp,
    coalesce(
        min(abs(q.quantity - l.quantity)) * min(l.tpp // nullif(l.quantity, 0)),
        min(q.quantity) * min(d.tpp),
        0
    )::bigint as at_stake_tpp,
    false as is_critical
from quarantined as q
left join declaration_version as v on q.source = 'declarations' and q.row_id = v.row_id
left join shipment_version as s on q.source = 'shipments' and q.row_id = s.row_id
left join reexport_version as r on q.source = 'reexports' and q.row_id = r.row_id
left join line as l on v.itn = l.itn and v.line_no = l.line_no
left join device as d on q.device_id = d.device_id
where
    coalesce(v.standing, s.standing, r.standing, '') in ('stale', 'superseded')
group by q.code, q.source, q.row_id;

-- What is known of a row that was set aside: why, and whether it is critical whatever it is worth.
update found
set
    reason = q.reason,
    is_critical = q.is_critical
from quarantined as q
where q.source = found.source and q.row_id = found.row_id and q.code = found.code;
