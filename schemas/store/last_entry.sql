-- One row: the number of the last entry that is stored, whatever the head says; null where there is none.
select max(seq) as seq from entry
