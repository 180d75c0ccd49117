-- k1: one row per pair of a line and a declaration with the same ITN, line and license; one side alone where
-- there is none. Where neither names a license, that is the same too, but for what left under an exception;
-- it never goes without saying.
insert into k1
select
    l.seq,
    t.row_id,
    (
        l.license_no is null
        or differs(l.quantity, t.quantity)
        or differs(l.country, t.country)
        or coalesce(l.device_id <> t.device_id, false)
        -- what was posted by TPP alone is held to what the device is worth
        or (l.device_id is null and t.device_id is not null)
        or coalesce(abs(l.on_day - t.on_day) > 1, true)
        or t.is_cancelled
        or t.quarantine is not null
    ) as differs
from line as l
full join told as t
    on
        l.itn = t.itn and l.line_no = t.line_no
        and coalesce(l.license_no, '')
        = coalesce(t.license_no, case when t.exception is null then '' end);

insert into k1_open
select
    k.seq,
    k.row_id
from k1 as k
where k.differs;
