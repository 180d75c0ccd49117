-- One row or none: the hash of one entry.
select hash from entry where seq = :seq
