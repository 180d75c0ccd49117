-- One row per fault that shows in one cell: a required cell that is empty, or a cell that cannot be read.
-- Only columns that have such cells are looked at cell by cell.
with suspect as (
    select rowid as cell_id, line, columns(lambda name: list_contains($columns, name))
    from cell
    where broken is null
),

each_cell as (
    select * from suspect
    unpivot include nulls (value for column_name in (columns(* exclude (cell_id, line))))
)

select e.cell_id, coalesce(e.line, e.cell_id + $first_line) as line, e.column_name, e.value
from each_cell as e
semi join bad as b on e.column_name = b.column_name and e.value is not distinct from b.value
order by e.cell_id
