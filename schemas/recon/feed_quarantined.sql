-- quarantined: one row per thing that is amiss with a record, of any source.
insert into main.quarantined
select
    $of_source as source, i.row_id, v.run_number, v.line, i.code, i.column_name, i.value, i.reason,
    v.license_no, v.device_id, v.quantity, v.country, i.is_critical
from issue as i
inner join told as v on i.row_id = v.rowid
order by i.row_id, i.rank
