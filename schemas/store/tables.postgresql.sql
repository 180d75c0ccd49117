-- One row is what its class in ledger/ says (entry, tables); printed by `make schemas`.
create table if not exists balance (
    quota text not null,
    license_no text not null,
    regime_tpp bigint not null,
    headroom_tpp bigint not null,
    licensed_tpp bigint not null,
    exported_tpp bigint not null,
    blocked_tpp bigint not null,
    issued_on text,
    expires_on text,
    closed_by_seq bigint,
    closed_reason text,
    overdraft_approver text,
    primary key (quota, license_no),
    constraint balance_headroom check (headroom_tpp >= 0 or overdraft_approver is not null),
    constraint balance_licensed check (licensed_tpp >= 0),
    constraint balance_exported check (exported_tpp >= 0),
    constraint balance_blocked check (blocked_tpp >= 0),
    constraint balance_license check (license_no = '' or (regime_tpp = 0 and headroom_tpp = 0 and blocked_tpp = 0))
);

create unique index if not exists balance_one_license on balance (license_no) where license_no <> '';

create table if not exists entry (
    kind text not null,
    country text not null,
    effective_on text not null,
    license_no text,
    device_id text,
    quantity bigint,
    expires_on text,
    consignee text,
    exporter text,
    reference text,
    reason text,
    programme text not null,
    reverses_seq bigint,
    seq bigint not null,
    recorded_at text not null,
    request_id text not null,
    request_part bigint not null,
    body_hash text,
    group_id text,
    regime text not null,
    quota text not null,
    holder text not null,
    tpp bigint not null,
    actor text not null,
    approver text,
    headroom_after_tpp bigint not null,
    hash_v bigint not null,
    prev_hash text not null,
    hash text not null,
    primary key (seq),
    unique (request_id, request_part),
    constraint entry_no_fork unique (prev_hash),
    constraint entry_tpp_positive check (tpp > 0),
    constraint entry_two_people check (approver <> actor)
);

create unique index if not exists entry_reversed_once on entry (reverses_seq) where reverses_seq is not null;

create table if not exists event (
    seq bigint not null,
    recorded_at text not null,
    actor text not null,
    topic text not null,
    subject text not null,
    action text not null,
    detail text not null,
    prev_hash text not null,
    hash text not null,
    primary key (seq),
    constraint event_no_fork unique (prev_hash)
);

create index if not exists event_of on event (topic, subject, seq);

create table if not exists head (
    one bigint not null,
    seq bigint not null,
    hash text not null,
    recorded_at text not null,
    regime text not null,
    schema_version bigint not null,
    origin text not null,
    salt_key text not null,
    shared bigint not null,
    tree text not null,
    primary key (one),
    constraint head_one_row check (one = 1)
);

create table if not exists refusal (
    request_id text not null,
    attempt bigint not null,
    body_hash text,
    problem text not null,
    refused_at text not null,
    actor text not null,
    primary key (request_id, attempt)
);
