-- One row per line of several that make up one row of the source: same license and device, days within the
-- split window. Run until it adds none. On nights of deltas only what may still be declared is taken
-- (asked_line.sql).
insert into pair_kept
with near as ( -- noqa: ST03
    select
        t.row_id as one,
        t.quantity as wanted,
        t.window_days,
        l.seq as member,
        l.on_day,
        l.quantity
    from left_told as t
    inner join left_line as l
        on
            t.license_no = l.license_no
            and coalesce(t.device_id = l.device_id, true)
            and t.quantity > l.quantity
            and abs(t.on_day - l.on_day) <= t.window_days
    where t.quarantine is null and (l.is_asked or t.is_amended) and not is_other_itn(l.own_itn, t.itn)
)

select
    (select n.source from now_source as n) as source,
    'K4' as match_key,
    s.one as set_no,
    s.member as seq,
    s.one as row_id
from adding_up('near') as s;
