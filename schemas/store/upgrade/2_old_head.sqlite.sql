-- One row: the head of schema 1, as it is called while the new one is made.
select regime, seq, hash from head_1
