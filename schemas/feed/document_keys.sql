-- One row per line with a column that is unknown or given twice: its keys.
select rowid as cell_id, coalesce(line, rowid + $first_line) as line, json_keys(text) as keys
from document
-- More keys than known columns among them. A case, not an `and`: of broken JSON there are no keys to ask for.
where case when json_valid(text) then len(json_keys(text)) <> list_count(json_type(text, $paths)) end
order by cell_id
