-- issue: one row per thing that is amiss with a record.
create or replace table issue (
    row_id bigint, rank integer, code varchar, column_name varchar, value varchar, reason varchar,
    is_critical boolean
);
