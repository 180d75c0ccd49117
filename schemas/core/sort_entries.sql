-- Lays all entries in the order of (country, seq) and says so in `sorted_through`.
create or replace table entry as select * from entry order by country, seq;

update sorted_through set seq = (select coalesce(max(e.seq), 0) from entry as e);
