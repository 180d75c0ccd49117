-- other_worth: one row per line whose pieces are worth what license, catalogue or maker say, but another of
-- the three than the pieces of a source are worth by: by how much the line is worth more. Of the same pieces,
-- sources that tell no TPP are taken to mean what the ledger has.
create table other_worth as
select
    l.seq,
    l.tpp - l.quantity * l.piece_tpp as tpp
from (
    select
        o.seq,
        o.tpp,
        o.quantity,
        w.piece_tpp as license_tpp,
        d.tpp as catalogue_tpp,
        d.declared_tpp,
        case
            when w.piece_tpp is not null and coalesce(o.device_id = w.device_id, true) then w.piece_tpp
            else d.tpp
        end as piece_tpp
    from line as o
    left join license_worth as w on o.license_no = w.license_no
    left join likely_pieces as k on o.seq = k.seq
    left join device as d on coalesce(o.device_id, w.device_id, k.device_id) = d.device_id
) as l
where
    l.tpp <> l.quantity * l.piece_tpp
    and (
        l.tpp = l.quantity * l.license_tpp
        or l.tpp = l.quantity * l.catalogue_tpp
        or l.tpp = l.quantity * l.declared_tpp
    );
