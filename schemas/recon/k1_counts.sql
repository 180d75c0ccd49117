-- One row: how many lines have a declaration, and how many declarations have a line, by K1.
select
    count(*) filter (k.seq is not null and k.row_id is not null) as lines,
    (select count(*) from told) - count(*) filter (k.seq is null) as declarations
from k1 as k
