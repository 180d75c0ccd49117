-- One row: the hash of an entry.
select e.hash from entry as e
where e.seq = $seq
