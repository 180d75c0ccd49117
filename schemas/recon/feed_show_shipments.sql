-- shipment_version: one row per telling of a line of a delivery; shipment: one row per line, as last told.
alter table told rename to told_of_shipments;

create or replace view main.shipment_version as
select
    rowid as row_id, run_number, line, quarantine, subject as delivery_no, line_no, version, standing,
    device_id, device_given, quantity, told_on as shipped_on, license_no, country,
    country_given, consignee, filer as vendor, itn,
    coalesce(len(feed.serials_of(serials)), 0)::integer as serial_count
from feed.told_of_shipments;

create or replace view main.shipment as
select * exclude (standing) from main.shipment_version where standing = 'current';
