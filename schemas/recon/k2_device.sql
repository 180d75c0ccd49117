-- One row per pair of a line and a row of the source that have an ITN, a license and a quantity to
-- themselves, but name different devices: the same goods, of which one of the two has another device.
insert into pair_kept
with ours as (
    select
        l.*,
        count(*) over (partition by l.itn, l.license_no, l.quantity) as lines
    from left_line as l
    where l.itn is not null and l.license_no is not null
),

theirs as (
    select
        t.*,
        count(*) over (partition by t.itn, t.license_no, t.quantity) as tellings
    from left_told as t
    where t.itn is not null and t.license_no is not null
)

select
    (select n.source from now_source as n) as source,
    'K2' as match_key,
    o.seq as set_no,
    o.seq,
    h.row_id
from ours as o
inner join theirs as h
    on
        o.itn = h.itn and o.license_no = h.license_no and o.quantity = h.quantity
        and o.lines = 1 and h.tellings = 1
        and coalesce(o.line_no = h.line_no, true);
