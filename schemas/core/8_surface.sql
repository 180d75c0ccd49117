-- What stands now, as views, for programs that know only tables and views: one row of `headroom` is a country
-- (it is `headroom()`), of `license` a license (`licenses()`), of `meta` the ledger.
create view headroom as from headroom();

create view license as from licenses();

create view meta as
select
    coalesce(max(e.seq), 0) as seq,
    coalesce(arg_max(e.hash, e.seq), repeat('0', 64)) as head_hash,
    max(e.recorded_at) as recorded_at,
    t.on_day as as_of,
    r.regime,
    r.h100_tpp,
    -- a query that runs on a surface runs on every later one of the same number
    1 as surface_version
from regime as r
cross join today as t
left join entry as e on e.seq = (select max(l.seq) from entry as l)
group by t.on_day, r.regime, r.h100_tpp;
