-- The names that entries use: one row per country, device and move of the ledger's kinds, one for the regime,
-- and one per country and span of days in which the regime has it in one tier.
create table country (
    country varchar primary key,
    alpha_3 varchar,
    country_name varchar not null,
    treated_as varchar,
    valid_from date not null,
    valid_to date,
    source varchar not null
);

create table device (
    device_id varchar primary key,
    vendor varchar not null,
    device_name varchar not null,
    tpp bigint not null,
    declared_tpp bigint,
    counts_3a090_a boolean,
    confidence varchar not null,
    valid_from date not null,
    valid_to date,
    source varchar not null
);

create table move (
    kind varchar primary key,
    source varchar not null,
    target varchar not null
);

create table regime (
    regime varchar primary key,
    title varchar not null,
    status varchar not null,
    notice varchar not null,
    citation varchar not null,
    period_from date not null,
    period_to date not null,
    cap_tpp bigint not null,
    h100_tpp bigint not null,
    watch_percent integer not null,
    critical_percent integer not null
);

create table tier (
    country varchar not null,
    tier integer not null,
    valid_from date not null,
    valid_to date
);

-- One row: the day by the ledger's own clock (UTC), which decides what has expired and what is closed.
create table today (on_day date not null);

insert into today values (current_date);
