-- One row per pair of a line and a row of the source with the same license, device, quantity and day; equals
-- are told apart by their order. Where neither names a license, the country stands for it. On nights of
-- deltas only what may still be declared is taken (asked_line.sql).
insert into pair_kept
with ours as (
    select
        l.seq,
        coalesce(l.license_no, '') as license_no,
        case when l.license_no is null then l.country else '' end as country,
        l.device_id,
        l.quantity,
        l.on_day,
        l.own_itn,
        l.is_asked,
        row_number() over (
            partition by l.license_no, l.country, l.device_id, l.quantity, l.on_day order by l.seq
        ) as place
    from left_line as l
),

theirs as (
    select
        t.row_id,
        coalesce(t.license_no, '') as license_no,
        case when t.license_no is null then t.country else '' end as country,
        t.device_id,
        t.quantity,
        t.on_day,
        t.itn,
        t.is_amended,
        row_number() over (
            partition by t.license_no, t.country, t.device_id, t.quantity, t.on_day order by t.row_id
        ) as place
    from left_told as t
    where t.quarantine is null and t.exception is null
),

alike as (
    select
        o.seq,
        h.row_id,
        row_number() over (partition by o.seq order by h.device_id nulls last, h.row_id) as of_line,
        row_number() over (partition by h.row_id order by o.seq) as of_row
    from ours as o
    inner join theirs as h
        on
            o.license_no = h.license_no and o.country = h.country and o.quantity = h.quantity
            and o.on_day = h.on_day and o.place = h.place
            and coalesce(o.device_id = h.device_id, true)
            and not is_other_itn(o.own_itn, h.itn)
            and (o.is_asked or h.is_amended)
)

select
    (select n.source from now_source as n) as source,
    'K3' as match_key,
    a.seq as set_no,
    a.seq,
    a.row_id
from alike as a
where a.of_line = 1 and a.of_row = 1;
