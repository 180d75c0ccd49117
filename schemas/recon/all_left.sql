-- left_line, left_told: everything, on either side, for a source that K1 has nothing to go by in.
create or replace table left_line as from asked_line;

create or replace table left_told as select t.* from told as t where not t.is_cancelled;

create or replace table left_cancelled as select t.* from told as t where t.is_cancelled;
