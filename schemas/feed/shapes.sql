-- One row per shape of entry that the file has: which kind, with which columns left empty.
select distinct shape($kinds, kind, license_no, device_id, quantity, tpp, expires_on, reason) as shape
from cell
where broken is null
