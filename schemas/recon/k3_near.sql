-- One row per pair of a line and a row of the source with the same license, device and quantity whose days
-- are at most three apart, each the other's nearest. Run until it adds none. On nights of deltas only what
-- may still be declared is taken (asked_line.sql).
insert into pair_kept
with ours as (
    select
        l.*,
        row_number() over (
            partition by l.license_no, l.country, l.device_id, l.quantity, l.on_day order by l.seq
        ) as place
    from left_line as l
),

theirs as (
    select
        t.*,
        row_number() over (
            partition by t.license_no, t.country, t.device_id, t.quantity, t.on_day order by t.row_id
        ) as place
    from left_told as t
    where t.quarantine is null and t.exception is null
),

near as (
    select
        o.seq,
        h.row_id,
        abs(o.on_day - h.on_day) as days,
        coalesce(o.device_id = h.device_id, false) as same_device,
        o.place = h.place as same_place
    from ours as o
    inner join theirs as h
        on
            o.quantity = h.quantity
            and coalesce(o.license_no, '') = coalesce(h.license_no, '')
            and (o.license_no is not null or o.country = h.country)
            and abs(o.on_day - h.on_day) <= 3
            and coalesce(o.device_id = h.device_id, true)
            and not is_other_itn(o.own_itn, h.itn)
            and (o.is_asked or h.is_amended)
),

ranked as (
    select
        r.seq,
        r.row_id,
        row_number() over (
            partition by r.seq order by r.days asc, r.same_place desc, r.same_device desc, r.row_id asc
        ) as of_line,
        row_number() over (
            partition by r.row_id order by r.days asc, r.same_place desc, r.same_device desc, r.seq asc
        ) as of_row
    from near as r
)

select
    (select n.source from now_source as n) as source,
    'K3' as match_key,
    r.seq as set_no,
    r.seq,
    r.row_id
from ranked as r
where r.of_line = 1 and r.of_row = 1;
