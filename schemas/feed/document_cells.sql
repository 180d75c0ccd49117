-- One row per line of a JSON Lines file: its cells as text, numbers as they were written.
insert into cell by name
select
    line,
    case when is_object then broken else coalesce(broken, $not_an_object) end as broken,
    unnest(case when is_object then json_transform(text, $columns) end)
from (
    select
        line, broken, text,
        case when json_valid(text) then json_type(text) = 'OBJECT' else false end as is_object
    from document
)
