-- One row per leg of a reexport or of a transfer in country, as told at one time.
insert into told by name
select
    composed(e.reference) as subject, e.leg, $run_number::bigint as run_number,
    coalesce(e.line, e.rowid + $first_line)::integer as line, 'add' as action,
    own_day(e.moved_on) as told_on,
    composed(e.license_no) as license_no, c.country, composed(e.to_country) as country_given,
    f.country as from_country, composed(e.from_country) as from_given, d.device_id,
    composed(e.device_id) as device_given, e.quantity::bigint as quantity, composed(e.consignee) as consignee,
    coalesce(composed(e.reporter), '') as filer, composed(e.serials) as serials
from cell as e
left join spelling as c on e.to_country = c.text
left join spelling as f on e.from_country = f.text
left join device_name as d on e.device_id = d.text
order by e.rowid
