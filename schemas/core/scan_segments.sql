-- entry: one row per entry, where it lies: in the segments, or in the table of those that came after them.
-- For one question; whoever asks a second has the segments laid down.
alter table entry rename to laid;

create view entry as
from laid
union all by name
select
    s.* replace (
        s.country::country_code as country,
        s.kind::kind_name as kind,
        s.programme::programme_name as programme
    )
from segment as s
