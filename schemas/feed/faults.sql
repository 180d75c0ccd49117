-- One row a fault that shows in one cell: a required cell that is empty, or a cell that cannot be read. Rows
-- are searched by column; only those in which something is amiss are then looked at cell by cell.
with judged as (
    select
        rowid as cell_id,
        columns(lambda name: list_contains($required::varchar[], name)) is null,
        list_contains($unchosen::varchar[], columns(lambda name: list_contains($words::varchar[], name))),
        not is_day(columns(lambda name: list_contains($days::varchar[], name))),
        not is_local_day(columns(lambda name: list_contains($local_days::varchar[], name))),
        not is_whole(columns(lambda name: list_contains($wholes::varchar[], name)), $most),
        not is_count(columns(lambda name: list_contains($counts::varchar[], name)), $most),
        is_unfit(columns(lambda name: list_contains($names::varchar[], name)), $name_length, $plain),
        is_unfit(columns(lambda name: list_contains($remarks::varchar[], name)), $remark_length, $plain),
        is_unfit(columns(lambda name: list_contains($lists::varchar[], name)), $list_length, $plain)
    from cell
    where broken is null
),

suspect as (
    select rowid as cell_id, * exclude (broken, is_bad)
    from cell
    where rowid in (select cell_id from judged where greatest(*columns(* exclude (cell_id))))
),

each_cell as (
    select * from suspect
    unpivot include nulls (value for column_name in (columns(* exclude (cell_id, line))))
)

select cell_id, coalesce(line, cell_id + $first_line) as line, column_name, value
from each_cell
where
    case
        when value is null then list_contains($required::varchar[], column_name)
        when list_contains($words::varchar[], column_name)
            then
                list_contains($unchosen::varchar[], value)
                and not list_contains($known, column_name || '=' || value)
        when list_contains($days::varchar[], column_name) then not is_day(value)
        when list_contains($local_days::varchar[], column_name) then not is_local_day(value)
        when list_contains($wholes::varchar[], column_name) then not is_whole(value, $most)
        when list_contains($counts::varchar[], column_name) then not is_count(value, $most)
        when list_contains($names::varchar[], column_name) then is_unfit(value, $name_length, $plain)
        when list_contains($remarks::varchar[], column_name) then is_unfit(value, $remark_length, $plain)
        else is_unfit(value, $list_length, $plain)
    end
order by cell_id
