-- export: one row per export: six days apart under each license, 3 to 5 chips; one in a hundred has a break.
create table export as
with numbered as (
    select r.i, r.i % $licenses as license, r.i // $licenses as turn from range($row_count) as r (i)
)

select
    $licenses + 1 + n.i as seq,
    'D2026-' || lpad(n.license::varchar, 6, '0') as license_no,
    ($countries::varchar[])[n.license % len($countries) + 1] as country,
    case n.license % 2 when 0 then 'nvidia-h100-sxm5-80gb' else 'nvidia-h100-pcie-80gb' end as device_id,
    case n.license % 2 when 0 then 15832 else 12104 end as piece_tpp,
    3 + n.i % 3 as quantity,
    date '2026-01-08' + (n.turn * 6)::integer as on_day,
    'X' || strftime(date '2026-01-08' + (n.turn * 6)::integer, '%Y%m%d') || lpad(n.i::varchar, 8, '0') as itn,
    'Meridian Compute ' || n.license as consignee,
    case when (n.i + 13 * n.turn) % 100 = 37 then $codes[n.i // 100 % len($codes) + 1] else '' end as code
from numbered as n
