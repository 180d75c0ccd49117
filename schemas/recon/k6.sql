-- One row per pair of a line and a row of the source that may be the same goods: same device, quantity and
-- country, days near, and consignees that read alike. A suggestion to whoever looks into it, never a match.
insert into suggestion
with ours as (
    select
        l.seq,
        l.country,
        l.device_id,
        l.quantity,
        l.on_day,
        coalesce(l.consignee, h.consignee) as consignee
    from left_line as l
    left join license_held as h on l.license_no = h.license_no
    where l.is_asked
),

alike as (
    select
        o.seq,
        t.row_id,
        likeness(o.consignee, t.consignee) as likeness,
        abs(o.on_day - t.on_day) as days
    from ours as o
    inner join left_told as t
        on
            o.quantity = t.quantity and o.country = t.country
            and left(lower(strip_accents(o.consignee)), 2) = left(lower(strip_accents(t.consignee)), 2)
            and abs(o.on_day - t.on_day) <= 30
            and coalesce(o.device_id = t.device_id, true)
)

select
    (select n.source from now_source as n) as source,
    a.seq,
    a.row_id,
    a.likeness
from alike as a
where a.likeness >= 85
qualify
    row_number() over (partition by a.seq order by a.likeness desc, a.days asc, a.row_id asc) = 1
    and row_number() over (partition by a.row_id order by a.likeness desc, a.days asc, a.seq asc) = 1;
