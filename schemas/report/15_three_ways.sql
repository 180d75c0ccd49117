-- Do ledger, license system, customs and vendors say the same of a country and month?
-- As the newest reconciliation found it, in whole TPP; a difference is the ledger minus the other. A license
-- counts in the month of its issue, goods in the month that each says they left, so the turn of a month may
-- set them apart. The last row of a country, without a month, is its whole, with what customs differs by.
-- $country: country = all; one country
-- $month: month = all; one month, as 2026-10
-- needs: certificate
select
    t.country,
    c.country_name,
    t.month,
    t.ledger_licensed_tpp,
    t.license_system_tpp,
    t.ledger_licensed_tpp - t.license_system_tpp as less_license_system_tpp,
    t.ledger_exported_tpp,
    t.customs_tpp,
    t.ledger_exported_tpp - t.customs_tpp as less_customs_tpp,
    t.vendor_tpp,
    t.ledger_exported_tpp - t.vendor_tpp as less_vendor_tpp,
    t.gross_tpp,
    t.unexplained_tpp,
    t.run_id,
    t.run_on
from certificate as t
left join country as c on t.country = c.country
where ($country is null or t.country = $country) and ($month is null or t.month = $month)
order by t.country asc, t.month asc nulls last
