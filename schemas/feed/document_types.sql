-- One row per line that gives a text as something else than a JSON string: types and values of all texts.
select
    rowid as cell_id, coalesce(line, rowid + $first_line) as line, json_type(text, $paths) as types,
    json_extract_string(text, $paths) as given
from document
where case when json_valid(text) then
    len(list_filter(json_type(text, $paths), lambda type: type not in ('VARCHAR', 'NULL'))) > 0
end
order by cell_id
