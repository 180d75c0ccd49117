-- What all sources have in common: one row per thing amiss; each serial number; each source and filer.
create or replace table main.quarantined (
    source varchar, row_id bigint, run_number bigint, line integer, code varchar, column_name varchar,
    value varchar, reason varchar, license_no varchar, device_id varchar, quantity bigint, country varchar,
    is_critical boolean
);

create or replace table main.serial (source varchar, row_id bigint, serial varchar);

create or replace table main.source_count (
    source varchar, filer varchar, row_count bigint, quarantined bigint, late bigint
);
