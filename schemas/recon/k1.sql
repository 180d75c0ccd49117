-- k1: one row per pair of a line and a declaration with the same ITN, line and license; one side alone where
-- there is none.
insert into k1
select
    l.seq,
    t.row_id,
    (
        differs(l.quantity, t.quantity)
        or differs(l.country, t.country)
        or coalesce(l.device_id <> t.device_id, false)
        or coalesce(abs(l.on_day - t.on_day) > 1, true)
        or t.is_cancelled
        or t.quarantine is not null
    ) as differs
from line as l
full join told as t on l.itn = t.itn and l.line_no = t.line_no and l.license_no = t.license_no;

insert into k1_open
select
    k.seq,
    k.row_id
from k1 as k
where k.differs;
