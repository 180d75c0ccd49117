-- license: one row per license, for more chips than leave under it.
create table license as
select
    row_number() over (order by e.license_no) as seq,
    e.license_no,
    any_value(e.country) as country,
    any_value(e.device_id) as device_id,
    any_value(e.consignee) as consignee,
    320 as quantity,
    320 * any_value(e.piece_tpp) as tpp,
    date '2026-01-02' as issued_on,
    date '2027-01-02' as expires_on
from export as e
group by e.license_no
