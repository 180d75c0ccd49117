-- apart: adds the lines and rows of this source that are the same goods by ITN and line, but not by license.
-- A delivery names no line: it is that of its quantity, or the one that customs has under the delivery's
-- license.
insert into apart by name
with by_customs as (
    select
        a.seq,
        d.license_no,
        pieces(d.quantity, d.unit) as quantity
    from apart as a
    inner join declaration as d on a.source = 'declarations' and a.row_id = d.row_id
),

alike as (
    select
        l.seq,
        t.row_id,
        l.line_no = t.line_no as same_line,
        l.quantity = t.quantity as same_quantity,
        c.license_no = t.license_no as as_customs,
        c.quantity = t.quantity as customs_quantity,
        dense_rank() over (partition by l.itn, l.quantity, c.license_no, c.quantity order by l.seq)
        = dense_rank() over (partition by t.itn, t.quantity, t.license_no order by t.row_id) as same_place
    from left_line as l
    left join by_customs as c on l.seq = c.seq
    inner join left_told as t
        on
            l.itn = t.itn and coalesce(l.line_no = t.line_no, true)
            -- an exception is not what has no license either
            and (differs(l.license_no, t.license_no) or (t.license_no is null and t.exception is not null))
),

ranked as (
    select
        a.seq,
        a.row_id,
        row_number() over (
            partition by a.seq
            order by
                coalesce(a.as_customs, false) desc, coalesce(a.same_quantity, false) desc,
                coalesce(a.customs_quantity, false) desc, a.same_place desc, a.row_id asc
        ) as of_line,
        row_number() over (
            partition by a.row_id
            order by
                coalesce(a.as_customs, false) desc, coalesce(a.same_quantity, false) desc,
                coalesce(a.customs_quantity, false) desc, a.same_place desc, a.seq asc
        ) as of_row
    from alike as a
    where coalesce(a.same_line, false) or coalesce(a.same_quantity, false) or coalesce(a.as_customs, false)
)

select
    (select n.source from now_source as n) as source,
    r.seq,
    r.row_id,
    case
        when t.license_no is null and t.exception is not null then 0
        else t.quantity * coalesce(w.piece_tpp, d.tpp, l.tpp // nullif(l.quantity, 0), 0)
    end as told_tpp,
    coalesce(w.piece_tpp, d.tpp) is null and t.exception is null as is_guessed
from ranked as r
inner join left_told as t on r.row_id = t.row_id
inner join left_line as l on r.seq = l.seq
left join license_worth as w on t.license_no = w.license_no and coalesce(t.device_id = w.device_id, true)
left join device as d on t.device_id = d.device_id
where r.of_line = 1 and r.of_row = 1;

delete from left_line
where seq in (
    select a.seq
    from apart as a
    inner join now_source as n on a.source = n.source
);

delete from left_told
where row_id in (
    select a.row_id
    from apart as a
    inner join now_source as n on a.source = n.source
);
