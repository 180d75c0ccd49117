-- One row per entry that issued a license and stands: its seq, the day it was issued for, and its expiry.
select
    e.seq,
    e.effective_on,
    e.expires_on
from entry as e
where
    e.license_no = :license_no and e.kind = 'license' and e.reverses_seq is null
    and not exists (select 1 from entry as r where r.reverses_seq = e.seq)
