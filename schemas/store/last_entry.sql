-- One row: the numbers of the last and of the first entry that is stored, whatever the head says; null where
-- there is none.
select
    (select max(seq) from entry) as last_seq,
    (select min(seq) from entry) as first_seq
