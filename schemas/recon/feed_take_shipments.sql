-- One row per line of a delivery, as told at one time.
insert into told by name
select
    composed(e.delivery_no) as subject, e.line_no::bigint as line_no, $run_number::bigint as run_number,
    coalesce(e.line, e.rowid + $first_line)::integer as line, 'add' as action,
    own_day(e.shipped_on) as told_on,
    composed(e.license_no) as license_no, c.country, composed(e.country) as country_given, d.device_id,
    composed(e.device_id) as device_given, e.quantity::bigint as quantity, composed(e.consignee) as consignee,
    coalesce(composed(e.vendor), '') as filer, composed(e.itn) as itn, composed(e.serials) as serials
from cell as e
left join spelling as c on e.country = c.text
left join device_name as d on e.device_id = d.text
order by e.rowid
