-- One row per country: what its entries add up to, kept up by what arrives, so that what is left now takes no
-- sum over all of them. `last_seq` is null before the first. `headroom()` and `headroom_now` are left_of the
-- same figures, and a test holds them together.
create temp table held_now as
select
    c.country,
    0::bigint as allocated_tpp,
    0::bigint as licensed_tpp,
    0::bigint as exported_tpp,
    0::bigint as blocked_tpp,
    0::bigint as headroom_tpp,
    null::bigint as last_seq,
    c.country_name,
    false as is_closed,
    r.h100_tpp,
    r.watch_percent,
    r.critical_percent
from country as c
cross join regime as r;

create temp view headroom_now as
from left_of('held_now')
where last_seq is not null;
