-- One row: how many delimiters stand inside cells, where they part nothing.
select coalesce(sum(strlen(text) - strlen(replace(text, $delimiter, ''))), 0)::bigint as delimiters_inside
from (select concat(*columns(* exclude (line, broken, is_bad))) as text from cell)
