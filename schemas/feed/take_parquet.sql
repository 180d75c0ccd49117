-- One row per row of a Parquet file that another connection reads, as cells.
insert into cell by name
select * from arrived
