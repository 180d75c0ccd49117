-- lone_line, lone_told: adds what no key has matched of the source that is compared now. What leaves under a
-- license exception or for a validated end user draws on no country's allocation, and is not missed. What no
-- device is told of is worth the largest of its license.
insert into lone_line
select
    n.source,
    l.seq
from left_line as l
cross join now_source as n;

insert into lone_told by name
with largest as (
    select
        h.license_no,
        max(d.tpp) as tpp
    from license_held as h
    inner join device as d on list_contains(h.device_ids, d.device_id)
    -- else some of it may be any device
    where h.quantity is not null
    group by h.license_no
)

select
    t.source,
    t.row_id,
    t.told_key,
    t.itn,
    t.license_no,
    coalesce(t.device_id, w.device_id) as device_id,
    t.quantity,
    coalesce(
        t.quantity * coalesce(w.piece_tpp, d.tpp, g.tpp, (select max(m.tpp) from device as m)), 0
    )::bigint as tpp,
    t.country,
    t.on_day,
    t.consignee,
    t.quarantine
from left_told as t
left join license_worth as w on t.license_no = w.license_no and coalesce(t.device_id = w.device_id, true)
left join device as d on t.device_id = d.device_id
left join largest as g on t.license_no = g.license_no
where t.license_no is not null or t.exception is null;

-- Customs need not name the device: what a vendor delivered under the same ITN and license is what was
-- declared, where it is one device, and cannot be that of another line.
update lone_told
set device_id = b.device_id, tpp = lone_told.quantity * c.tpp
from (
    select
        d.row_id,
        case
            when
                d.alike <= count(*) filter (v.quantity = d.quantity)
                and count(distinct coalesce(v.device_id, '')) filter (v.quantity = d.quantity) = 1
                then min(v.device_id) filter (v.quantity = d.quantity)
            when
                (d.lines = 1 or d.of_itn = sum(v.quantity))
                and count(distinct coalesce(v.device_id, '')) = 1
                then min(v.device_id)
        end as device_id
    from (
        select
            o.*,
            count(*) over (partition by o.itn, o.license_no, o.quantity) as alike,
            count(*) over (partition by o.itn, o.license_no) as lines,
            sum(o.quantity) over (partition by o.itn, o.license_no) as of_itn
        from lone_told as o
        where o.source = 'declarations'
    ) as d
    inner join lone_told as v
        on v.source = 'shipments' and d.itn = v.itn and not differs(d.license_no, v.license_no)
    anti join license_worth as w on d.license_no = w.license_no
    where d.device_id is null and d.quantity is not null and differs(d.quarantine, 'DEVICE_UNKNOWN')
    group by d.row_id, d.alike, d.lines, d.of_itn
) as b
inner join device as c on b.device_id = c.device_id
where lone_told.source = 'declarations' and lone_told.row_id = b.row_id;

-- A line that was found by its license knows its ITN from now on, so that the next source finds it by that.
update line
set itn = d.itn, line_no = d.line_no
from pair_kept as p, declaration as d
where
    p.source = 'declarations' and p.match_key in ('K2', 'K3') and p.seq = line.seq and p.row_id = d.row_id;
