-- What is not made of entries, for questions that need it: temporary tables, there for one question alone.
-- One row per refusal, break, country and month of a certificate, run, line of a forecast, version.
create temp table refusal as
select r.* from main.refusal as r
limit 0;

create temp table break as
select b.* from main.break as b
limit 0;

create temp table certificate (
    run_id varchar not null,
    run_on date not null,
    country varchar not null,
    month varchar,
    ledger_licensed_tpp bigint,
    license_system_tpp bigint,
    ledger_exported_tpp bigint,
    customs_tpp bigint,
    vendor_tpp bigint,
    gross_tpp bigint,
    unexplained_tpp bigint
);

create temp table reconciliation (
    run_id varchar not null,
    run_on date not null,
    status varchar not null,
    -- null for the run itself
    source varchar,
    run_number bigint,
    content_sha256 varchar,
    row_count bigint
);

create temp table forecast (
    country varchar not null,
    country_name varchar not null,
    percent bigint not null,
    run_rate varchar not null,
    draws bigint not null,
    daily_tpp bigint not null,
    allocated_tpp bigint not null,
    used_tpp bigint not null,
    expected_tpp bigint not null,
    outcome varchar not null,
    p10_on date,
    p50_on date,
    p90_on date,
    not_in_period_percent decimal(4, 1),
    last_quarter_p50_tpp bigint,
    last_quarter_error_tpp bigint,
    last_quarter_within boolean
);

create temp table version (
    name varchar not null,
    version varchar not null,
    detail varchar
);
