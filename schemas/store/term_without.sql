-- One row: when a license was issued and when it expires, once one of the entries that issued it is undone.
with left_over as (
    select e.seq, e.effective_on, e.expires_on
    from entry as e
    where
        e.license_no = :license_no and e.kind = 'license' and e.reverses_seq is null and e.seq <> :seq
        and not exists (select 1 from entry as r where r.reverses_seq = e.seq)
)

select
    min(l.effective_on) as issued_on,
    (select t.expires_on from left_over as t order by t.seq desc limit 1) as expires_on
from left_over as l
