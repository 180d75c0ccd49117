-- Copies the segments into the native table: one row per entry.
insert into entry by name from segment;

drop view segment;
