-- One row per row of the file that has no cells: why.
select rowid as cell_id, coalesce(line, rowid + $first_line) as line, broken
from cell
where broken is not null
order by cell_id
