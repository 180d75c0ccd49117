-- One row per license of a snapshot.
insert into told by name
select
    composed(e.license_no) as subject, $run_number::bigint as run_number,
    coalesce(e.line, e.rowid + $first_line)::integer as line, 'add' as action,
    own_day(e.issued_on) as told_on,
    composed(e.license_no) as license_no, c.country, composed(e.country) as country_given, d.device_id,
    composed(e.device_id) as device_given, e.quantity::bigint as quantity, composed(e.consignee) as consignee,
    '' as filer, e.licensed_tpp::bigint as licensed_tpp, own_day(e.expires_on) as expires_on, e.state
from cell as e
left join spelling as c on e.country = c.text
left join device_name as d on e.device_id = d.text
order by e.rowid
