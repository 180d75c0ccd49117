-- line: what was posted by TPP alone is so many pieces of its license's device, where that comes out even.
-- A piece is worth what the license says, or the catalogue, or the maker.
update line
set
    quantity = case
        when line.tpp % w.piece_tpp = 0 then line.tpp // w.piece_tpp
        when line.tpp % d.tpp = 0 then line.tpp // d.tpp
        when line.tpp % d.declared_tpp = 0 then line.tpp // d.declared_tpp
    end
from license_worth as w
left join device as d on w.device_id = d.device_id
where line.quantity is null and line.license_no = w.license_no;

-- likely_pieces: one row per line by TPP alone under a license of several devices, with how many pieces it is
-- of the one of them by which it comes out even, by the catalogue or the maker.
create table likely_pieces as
select
    k.seq,
    min(k.device_id) as device_id,
    min(k.quantity) as quantity
from (
    select
        l.seq,
        d.device_id,
        case when l.tpp % d.tpp = 0 then l.tpp // d.tpp else l.tpp // d.declared_tpp end as quantity
    from line as l
    inner join license_devices as n on l.license_no = n.license_no and len(n.device_ids) > 1
    inner join device as d on list_contains(n.device_ids, d.device_id)
    where
        l.quantity is null and coalesce(l.device_id = d.device_id, true)
        and (l.tpp % d.tpp = 0 or l.tpp % d.declared_tpp = 0)
) as k
group by k.seq
having count(distinct k.quantity) = 1;

update line
set quantity = k.quantity
from likely_pieces as k
where line.seq = k.seq;
