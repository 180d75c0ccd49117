-- One row per fault of a declaration whose cells may each be read, but do not belong together.
with standing as (
    select rowid as cell_id, *
    from cell
    where broken is null and action is distinct from 'cancel'
)

select cell_id, coalesce(line, cell_id + $first_line) as line, column_name, reason
from (
    select cell_id, line, 'quantity' as column_name, 'is required, but to cancel' as reason
    from standing where quantity is null
    union all
    select cell_id, line, 'country', 'is required, but to cancel' from standing where country is null
    union all
    select cell_id, line, 'exported_on', 'is required, but to cancel' from standing where exported_on is null
)
order by cell_id
