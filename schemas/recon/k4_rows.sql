-- One row per row of the source of several that make up one line: a shipment that was split, declared part by
-- part. As in k4_lines.sql, with the sides changed over, and of the same lines. Run until it adds none.
insert into pair_kept
with near as ( -- noqa: ST03
    select
        l.seq as one,
        l.quantity as wanted,
        t.window_days,
        t.row_id as member,
        t.on_day,
        t.quantity
    from left_line as l
    inner join left_told as t
        on
            l.license_no = t.license_no
            and coalesce(l.device_id = t.device_id, true)
            and l.quantity > t.quantity
            and abs(l.on_day - t.on_day) <= t.window_days
    where t.quarantine is null and (l.is_asked or t.is_amended) and not is_other_itn(l.own_itn, t.itn)
)

select
    (select n.source from now_source as n) as source,
    'K4' as match_key,
    -s.one as set_no,
    s.one as seq,
    s.member as row_id
from adding_up('near') as s;
