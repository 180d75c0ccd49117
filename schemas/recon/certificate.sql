-- One row per country: what ledger, licensing office, customs and vendors add up to, and how they differ
-- (whole TPP).
select c.*
from certificate as c
where
    c.ledger_licensed_tpp <> 0 or c.license_system_tpp <> 0 or c.ledger_exported_tpp <> 0
    or c.customs_tpp <> 0 or c.vendor_tpp <> 0 or c.gross_tpp <> 0
order by c.country
