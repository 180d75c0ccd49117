-- lone_line, lone_told: adds what no key has matched of the source that is compared now. What leaves under a
-- license exception or for a validated end user draws on no country's allocation, and is not missed.
insert into lone_line
select
    n.source,
    l.seq
from left_line as l
cross join now_source as n;

insert into lone_told by name
select
    t.source,
    t.row_id,
    t.told_key,
    t.itn,
    t.license_no,
    coalesce(t.device_id, w.device_id) as device_id,
    t.quantity,
    coalesce(
        t.quantity * coalesce(w.piece_tpp, d.tpp, (select max(m.tpp) from device as m)), 0
    )::bigint as tpp,
    t.country,
    t.on_day,
    t.consignee,
    t.quarantine
from left_told as t
left join license_worth as w on t.license_no = w.license_no and coalesce(t.device_id = w.device_id, true)
left join device as d on t.device_id = d.device_id
where t.license_no is not null or t.exception is null;

-- A line that was found by its license knows its ITN from now on, so that the next source finds it by that.
update line
set itn = d.itn, line_no = d.line_no
from pair_kept as p, declaration as d
where
    p.source = 'declarations' and p.match_key in ('K2', 'K3') and p.seq = line.seq and p.row_id = d.row_id;
