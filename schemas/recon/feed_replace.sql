-- Cancels the lines that a later replacement of their declaration leaves out.
update told set is_cancelled = true
from (
    select subject, max(amendment_no) as amendment_no
    from standing
    where action = 'replace' and standing in ('current', 'superseded')
    group by subject
) as r
where told.subject = r.subject and r.amendment_no > coalesce(told.amendment_no, 0)
