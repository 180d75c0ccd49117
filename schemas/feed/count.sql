-- One row: how many records the file has.
select count(*) as records from cell
