-- left_line, left_told: what is still looked for, on either side; left_cancelled: what the source took back.
create or replace table left_line as
select l.*
from asked_line as l
semi join (select k.seq from k1_open as k where k.row_id is null) as k on l.seq = k.seq;

create or replace table left_told as
select t.*
from told as t
semi join (select k.row_id from k1_open as k where k.seq is null) as k on t.row_id = k.row_id
where not t.is_cancelled;

create or replace table left_cancelled as
select t.*
from told as t
semi join (select k.row_id from k1_open as k where k.seq is null) as k on t.row_id = k.row_id
where t.is_cancelled;
