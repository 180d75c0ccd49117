-- One row a fault that shows in one cell: a required cell that is empty, or a cell that cannot be read.
with whole_row as (select rowid as cell_id, * from cell where broken is null)

select cell_id, coalesce(line, cell_id + $first_line) as line, column_name, value
from (
    select cell_id, line, 'kind' as column_name, kind as value from whole_row
    where kind is null or not list_contains($kinds, kind)
    union all
    select cell_id, line, 'country', country from whole_row
    where country is null or is_unfit(country, $name_length, $plain)
    union all
    select cell_id, line, 'effective_on', effective_on from whole_row
    where effective_on is null or not is_day(effective_on)
    union all
    select cell_id, line, 'license_no', license_no from whole_row
    where is_unfit(license_no, $name_length, $plain)
    union all
    select cell_id, line, 'device_id', device_id from whole_row
    where is_unfit(device_id, $name_length, $plain)
    union all
    select cell_id, line, 'quantity', quantity from whole_row where not is_whole(quantity, $most_tpp)
    union all
    select cell_id, line, 'tpp', tpp from whole_row where not is_whole(tpp, $most_tpp)
    union all
    select cell_id, line, 'expires_on', expires_on from whole_row where not is_day(expires_on)
    union all
    select cell_id, line, 'request_id', request_id from whole_row
    where is_unfit(request_id, $name_length, $plain)
    union all
    select cell_id, line, 'consignee', consignee from whole_row
    where is_unfit(consignee, $remark_length, $plain)
    union all
    select cell_id, line, 'exporter', exporter from whole_row
    where is_unfit(exporter, $remark_length, $plain)
    union all
    select cell_id, line, 'reference', reference from whole_row
    where is_unfit(reference, $remark_length, $plain)
    union all
    select cell_id, line, 'reason', reason from whole_row
    where is_unfit(reason, $remark_length, $plain)
    union all
    select cell_id, line, 'programme', programme from whole_row
    where is_unfit(programme, $name_length, $plain)
    union all
    select cell_id, line, 'holder', holder from whole_row
    where is_unfit(holder, $name_length, $plain)
)
order by cell_id
