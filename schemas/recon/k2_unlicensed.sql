-- One row per line and row of the source of one ITN and device, neither with a license: one sum where either
-- side has it on one row, and the ledger on one line; else those of the same line or quantity.
insert into pair_kept
with alike as (
    select
        l.seq,
        t.row_id,
        l.itn,
        coalesce(l.line_no = t.line_no, false) as same_line,
        coalesce(l.quantity = t.quantity, false) as same_quantity,
        min(l.seq) over of_itn as first_seq,
        min(l.seq) over of_itn = max(l.seq) over of_itn
        or min(t.row_id) over of_itn = max(t.row_id) over of_itn as one_row,
        coalesce(min(l.line_no) over of_itn, 0) = coalesce(max(l.line_no) over of_itn, 0) as one_line
    from left_line as l
    inner join left_told as t
        on
            l.itn = t.itn and coalesce(l.line_no = t.line_no, true)
            and l.license_no is null and t.license_no is null and t.exception is null
            and coalesce(l.device_id = t.device_id, true)
    window of_itn as (partition by l.itn)
),

ranked as (
    select
        a.*,
        a.one_row and a.one_line as is_whole,
        row_number() over (
            partition by a.seq order by a.same_line desc, a.same_quantity desc, a.row_id asc
        ) as of_line,
        row_number() over (
            partition by a.row_id order by a.same_line desc, a.same_quantity desc, a.seq asc
        ) as of_row
    from alike as a
)

select
    (select n.source from now_source as n) as source,
    'K2' as match_key,
    case when r.is_whole then r.first_seq else r.seq end as set_no,
    r.seq,
    r.row_id
from ranked as r
where r.is_whole or ((r.same_line or r.same_quantity) and r.of_line = 1 and r.of_row = 1);
