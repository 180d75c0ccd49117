-- One row per entry of the ledger, as the store keeps it, with typed days and instants (UTC). The rows up to
-- `sorted_through.seq` lie in the order of (country, seq): the running sum of 4_statement.sql relies on it.
create type country_code as enum (select country.country from country order by country.country);

create type kind_name as enum (select move.kind from move order by move.kind);

create type programme_name as enum('country', 'lpp', 'nveu', 'uveu');

create table entry (
    seq bigint not null,
    country country_code not null,
    kind kind_name not null,
    tpp bigint not null,
    -- what the entry adds to its country's headroom; negative where it takes from it
    to_headroom_tpp bigint not null,
    programme programme_name not null,
    effective_on date not null,
    recorded_at timestamp not null,
    license_no varchar,
    device_id varchar,
    quantity bigint,
    expires_on date,
    reverses_seq bigint,
    consignee varchar,
    exporter varchar,
    reference varchar,
    reason varchar,
    holder varchar,
    quota varchar,
    regime varchar,
    request_id varchar,
    request_part bigint,
    body_hash varchar,
    group_id varchar,
    actor varchar,
    approver varchar,
    headroom_after_tpp bigint,
    hash_v bigint,
    prev_hash varchar,
    hash varchar
);

create table sorted_through (seq bigint not null);

insert into sorted_through values (0);
