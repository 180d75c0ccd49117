-- bad: one row per column and what in it cannot be read, or nothing where something is required.
create or replace table bad as
with sort_of as (select unnest($sorts, recursive := true))

select h.column_name, h.value
from held as h
inner join sort_of as s on h.column_name = s.name
where
    case
        when h.value is null then s.required
        when s.sort = 'word' then not list_contains($known, h.column_name || '=' || h.value)
        when s.sort = 'day' then not is_day(h.value)
        when s.sort = 'local_day' then not is_local_day(h.value)
        when s.sort = 'whole' then not is_whole(h.value, s.most)
        when s.sort = 'count' then not is_count(h.value, s.most)
        else is_unfit(h.value, s.longest, $plain)
    end;
