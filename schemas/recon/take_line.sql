-- Copies what arrives into `line`: one row there is one row here, with the ITN and its line read from the
-- reference.
insert into line by name
with parted as (
    select
        a.*,
        split_part(a.reference, '/', 1) as itn,
        split_part(a.reference, '/', 2) as line_no
    from arriving as a
)

select
    p.* replace (
        nullif(case when ends_with(p.itn, '-R') then left(p.itn, -2) else p.itn end, '') as itn,
        try_cast(case when ends_with(p.line_no, '-R') then left(p.line_no, -2) else p.line_no end as integer)
            as line_no
    )
from parted as p
