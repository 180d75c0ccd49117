-- One row per fault of a license whose cells may each be read, but do not belong together.
select rowid as cell_id, coalesce(line, rowid + $first_line) as line, column_name, reason
from (
    select rowid, line, 'expires_on' as column_name, 'is before issued_on' as reason
    from cell
    where
        is_local_day(issued_on) and is_local_day(expires_on)
        and left(expires_on, 10) < left(issued_on, 10)
    union all
    select rowid, line, 'quantity', 'is required: device_id and quantity go together'
    from cell where quantity is null and device_id is not null
    union all
    select rowid, line, 'device_id', 'is required: device_id and quantity go together'
    from cell where device_id is null and quantity is not null
)
order by cell_id
