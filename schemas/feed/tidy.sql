-- Strips blanks from the ends of the cells of these columns; what is then empty is nothing.
create or replace table cell as
select
    columns(lambda name: not list_contains($untidy, name)),
    stripped(columns(lambda name: list_contains($untidy, name)))
from cell;
