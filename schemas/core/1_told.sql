-- What the store tells besides entries: one row per refusal, and one row per break, as it stands. They are
-- filled for a question that names them: who asks about entries alone need not wait for them.
create table refusal (
    request_id varchar not null,
    attempt bigint not null,
    type varchar not null,
    kind varchar,
    country varchar,
    license_no varchar,
    effective_on date,
    asked_tpp bigint,
    headroom_tpp bigint,
    short_by_tpp bigint,
    refused_at timestamp not null,
    actor varchar not null,
    detail varchar not null
);

create table break (
    fingerprint varchar not null,
    code varchar not null,
    severity varchar not null,
    country varchar,
    license_no varchar,
    device_id varchar,
    source varchar,
    key varchar,
    -- ledger minus source
    net_tpp bigint,
    at_stake_tpp bigint,
    state varchar not null,
    is_open boolean not null,
    owner varchar,
    first_seen_on date not null,
    last_seen_on date not null,
    age_working_days bigint not null,
    age varchar not null,
    detail varchar,
    other_country varchar
);
