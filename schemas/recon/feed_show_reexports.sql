-- reexport_version: one row per telling of a leg of a reexport or of a transfer in country; reexport: one row
-- per leg, as last told.
alter table told rename to told_of_reexports;

create or replace view main.reexport_version as
select
    rowid as row_id, run_number, line, quarantine, subject as reference, leg, version, standing,
    from_country, country as to_country, license_no, device_id, device_given, quantity,
    told_on as moved_on, consignee, filer as reporter
from feed.told_of_reexports;

create or replace view main.reexport as
select * exclude (standing) from main.reexport_version where standing = 'current';
