-- told: one row per record of the files of one source, in the order of (run_number, line), with types, and
-- with its names looked up; columns that the source does not have are null. A record is about a subject, and
-- of that a line or a leg: told again, it restates. `told_on` is its day, `rowid` counts the records from 0.
-- What it is worth beside others is found out later: the columns from `version` on. `quarantine` is the code
-- of what is amiss with it.
create or replace table told (
    subject varchar, line_no bigint, leg varchar, run_number bigint, line integer, action varchar,
    amendment_no bigint, told_on date, license_no varchar, country varchar, country_given varchar,
    from_country varchar, from_given varchar, device_id varchar, device_given varchar, quantity bigint,
    unit varchar, unit_given varchar, consignee varchar, filer varchar, itn varchar, serials varchar,
    licensed_tpp bigint, expires_on date, state varchar, exception varchar, eccn varchar, schedule_b varchar,
    filed_on date, transport varchar,
    version integer default 1, standing varchar default 'current', is_cancelled boolean default false,
    is_orphan boolean default false, is_twice boolean default false, quarantine varchar
);
