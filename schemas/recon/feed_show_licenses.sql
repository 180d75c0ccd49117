-- license_told: one row per license of the newest snapshot.
alter table told rename to told_of_licenses;

create or replace view main.license_told as
select
    rowid as row_id, run_number, line, quarantine, license_no, country, country_given, consignee, device_id,
    device_given, quantity, licensed_tpp, told_on as issued_on, expires_on, state
from feed.told_of_licenses
where standing = 'current';
