-- One row per leg: each entry takes its TPP out of one bucket and puts it into another, so any set of entries
-- sums to zero. `license_no` is empty where the bucket is the quota's own.
create view posting as
select
    e.seq,
    e.country,
    e.quota,
    m.source as bucket,
    case when m.source in ('licensed', 'exported') then coalesce(e.license_no, '') else '' end as license_no,
    -e.tpp as tpp
from entry as e
inner join move as m on e.kind::varchar = m.kind
union all
select
    e.seq,
    e.country,
    e.quota,
    m.target as bucket,
    case when m.target in ('licensed', 'exported') then coalesce(e.license_no, '') else '' end as license_no,
    e.tpp
from entry as e
inner join move as m on e.kind::varchar = m.kind;
