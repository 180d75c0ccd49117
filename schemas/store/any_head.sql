-- One row: up to which entry a store of any schema goes, and the hash of that.
select
    seq,
    hash
from head
