-- One row per line of a declaration, as told at one time.
insert into told by name
select
    composed(e.itn) as subject, e.line_no::bigint as line_no, $run_number::bigint as run_number,
    coalesce(e.line, e.rowid + $first_line)::integer as line, e.action,
    e.amendment_no::bigint as amendment_no, own_day(e.exported_on) as told_on,
    composed(e.license_no) as license_no, c.country,
    composed(e.country) as country_given, d.device_id, composed(e.device_id) as device_given,
    e.quantity::bigint as quantity, unit_of(e.unit) as unit, composed(e.unit) as unit_given,
    composed(e.consignee) as consignee, composed(e.filer) as filer, e.exception, composed(e.eccn) as eccn,
    composed(e.schedule_b) as schedule_b, own_day(e.filed_on) as filed_on, e.transport
from cell as e
left join spelling as c on e.country = c.text
left join device_name as d on e.device_id = d.text
order by e.rowid
