-- One row: how many records a file has, and the sum of their quantities, as its manifest counts them.
select count(*) as row_count, coalesce(sum(try_cast(quantity as bigint)), 0) as hash_total
from cell
