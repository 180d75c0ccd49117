-- declaration_version: one row per telling of a line of a declaration; declaration: one row per line, as last
-- told.
alter table told rename to told_of_declarations;

create or replace view main.declaration_version as
select
    rowid as row_id, run_number, line, quarantine, subject as itn, line_no, amendment_no, version, standing,
    action, is_cancelled, license_no, exception, device_id, device_given, eccn, schedule_b, quantity, unit,
    country, country_given, told_on as exported_on, filed_on, transport, consignee, filer
from feed.told_of_declarations;

create or replace view main.declaration as
select * exclude (standing, action) from main.declaration_version where standing = 'current';
