-- No row: takes away what was staged.
drop schema if exists feed cascade;
drop view if exists main.license_told;
drop view if exists main.declaration;
drop view if exists main.declaration_version;
drop view if exists main.shipment;
drop view if exists main.shipment_version;
drop view if exists main.reexport;
drop view if exists main.reexport_version;
drop table if exists main.quarantined;
drop table if exists main.serial;
drop table if exists main.source_count;
