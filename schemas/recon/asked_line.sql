-- asked_line: one row per line, and whether a row of the source that is compared now may be about it without
-- naming its ITN; `own_itn`: that one, where rows of other filings are told once and not again.
create or replace view asked_line as
select
    l.*,
    e.seq is null as is_asked,
    case when c.from_on is not null and regexp_full_match(l.itn, 'X\d{14}') then l.itn end as own_itn
from line as l
cross join now_source as n
left join coverage as c on n.source = c.source
left join told_earlier as e on n.source = e.source and l.seq = e.seq;
