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
