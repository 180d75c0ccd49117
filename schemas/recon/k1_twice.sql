-- k1_open: adds the lines that have one declaration between them, where they do not differ from it one by
-- one.
insert into k1_open
select
    k.seq,
    k.row_id
from k1 as k
where
    not k.differs
    and k.row_id in (
        select d.row_id
        from k1 as d
        where d.seq is not null and d.row_id is not null
        group by d.row_id
        having count(*) > 1
    )
