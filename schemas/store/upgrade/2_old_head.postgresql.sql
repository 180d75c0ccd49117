-- One row: the head of schema 1.
select regime, seq, hash from head
