-- One row per country and month: what ledger, licensing office, customs and vendors add up to (whole TPP).
select
    m.country,
    strftime(m.month_on, '%Y-%m') as month,
    m.ledger_licensed_tpp,
    m.license_system_tpp,
    m.ledger_exported_tpp,
    m.customs_tpp,
    m.vendor_tpp
from by_month as m
where
    m.ledger_licensed_tpp <> 0 or m.license_system_tpp <> 0 or m.ledger_exported_tpp <> 0
    or m.customs_tpp <> 0 or m.vendor_tpp <> 0
order by m.country, m.month_on
