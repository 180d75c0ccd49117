-- source_name, match_name: the sources, and the keys by which lines and rows were found to be the same.
create type source_name as enum('licenses', 'declarations', 'shipments', 'reexports');

create type match_name as enum('K1', 'K2', 'K3', 'K4', 'K5', 'K6');

-- line: one row per export as the ledger holds it. `itn` and `line_no` are read from its reference: ITN, or
-- ITN/line; -R marks a declaration that was made anew. `is_whole`: it is one entry, of which nothing was
-- restored; `stood_seq`: from which entry on something of it stood there, as the
-- first of those that it stands in the place of.
create table line (
    seq bigint not null,
    kind varchar not null,
    country varchar not null,
    license_no varchar,
    device_id varchar,
    quantity bigint,
    tpp bigint not null,
    on_day date not null,
    reference varchar,
    consignee varchar,
    itn varchar,
    line_no integer,
    is_whole boolean not null,
    stood_seq bigint not null
);

-- came_back: one row per return as the ledger holds it.
create table came_back (
    seq bigint not null,
    country varchar not null,
    license_no varchar,
    device_id varchar,
    quantity bigint,
    tpp bigint not null,
    on_day date not null,
    reference varchar
);

-- license_held: one row per license as the ledger holds it; `device_ids` are all that its entries name.
create table license_held (
    license_no varchar not null,
    country varchar not null,
    consignee varchar,
    device_id varchar,
    device_ids varchar[] not null,
    quantity bigint,
    licensed_tpp bigint not null,
    exported_tpp bigint not null,
    released_tpp bigint not null,
    outstanding_tpp bigint not null,
    issued_on date,
    expires_on date,
    released_on date,
    license_state varchar not null
);

-- country_held: one row per country as the ledger holds it.
create table country_held (
    country varchar not null,
    allocated_tpp bigint not null,
    licensed_tpp bigint not null,
    exported_tpp bigint not null,
    headroom_tpp bigint not null
);

-- device: one row per device of the catalogue; `declared_tpp` is what its maker says, where it says so.
create table device (
    device_id varchar not null,
    vendor varchar not null,
    tpp bigint not null,
    declared_tpp bigint
);

-- coverage: one row per source that was accepted: from which day on it tells everything (null: always), and
-- up to when; of its files of earlier nights, up to which entry they were held to the ledger, from which day
-- on they told everything (null: always), and which vendors they told of.
create table coverage (
    source source_name not null,
    from_on date,
    as_of date not null,
    since_seq bigint,
    asked_from date,
    vendors varchar[] not null
);

-- awaited: one row per break that an earlier night left open, of a day before those that its source covers in
-- full tonight. `is_missed`: the source did not know these entries.
create table awaited (
    name varchar not null,
    source source_name not null,
    code varchar not null,
    key varchar not null,
    seqs bigint[] not null,
    is_missed boolean not null,
    license_no varchar,
    country varchar,
    device_id varchar,
    on_day date not null,
    source_says varchar
);

-- still_open: one row per break that an earlier night left open, on whichever day it is.
create table still_open (
    source source_name not null,
    key varchar not null,
    seqs bigint[] not null,
    license_no varchar,
    on_day date,
    source_says varchar
);

-- terms: one row, what the run is asked by: its day, and what the regime says.
create table terms (as_of date not null, transit_days integer not null, credits_origin boolean not null);

-- apart: one row per pair of a line and a row of a source that are the same by ITN and line, but under
-- another license, or under none: no match, and not missing either.
create table apart (
    source source_name not null,
    seq bigint not null,
    row_id bigint not null,
    told_tpp bigint not null,
    is_guessed boolean not null
);

-- pair_kept: one row per pair of a line of the ledger and a row of a source that were found to be the same
-- goods, and by which key. Rows with the same source, key and set_no were matched together, as a sum. Those
-- of K1 are many, and stay in `k1`.
create table pair_kept (
    source source_name not null,
    match_key match_name not null,
    set_no bigint not null,
    seq bigint,
    row_id bigint
);

-- lone_line, lone_told: one row per line, and per row of a source, that no key has matched. `tpp` is what the
-- row is worth; what nothing is known of is worth the largest device there is, until more is known.
create table lone_line (source source_name not null, seq bigint not null);

create table lone_told (
    source source_name not null,
    row_id bigint not null,
    told_key varchar not null,
    itn varchar,
    license_no varchar,
    device_id varchar,
    quantity bigint,
    tpp bigint not null,
    country varchar,
    on_day date,
    consignee varchar,
    quarantine varchar
);

-- k1: one row per pair of a line and a declaration with the same ITN, line and license; one side alone where
-- there is none.
create table k1 (seq bigint, row_id bigint, differs boolean);

-- pair: one row per pair that any key has found: those of `k1`, and those of `pair_kept`.
create view pair as
select
    p.source,
    p.match_key,
    p.set_no,
    p.seq,
    p.row_id
from pair_kept as p
union all
select
    'declarations'::source_name as source,
    'K1'::match_name as match_key,
    k.row_id as set_no,
    k.seq,
    k.row_id
from k1 as k
where k.seq is not null and k.row_id is not null;

-- k1_open: one row per row of `k1` that is not settled: its sides differ, or there is only one, or the ledger
-- has it twice.
create table k1_open (seq bigint, row_id bigint);

-- suggestion: one row per pair of a line and a row of a source that may be the same goods (K6); they count as
-- unmatched.
create table suggestion (
    source source_name not null,
    seq bigint not null,
    row_id bigint not null,
    likeness integer not null
);

-- compared: one row per set of lines and rows that were matched, with what each side says. `by_tpp` where the
-- ledger has its TPP alone; other_worth_tpp is how much of told_tpp is there because the ledger has its
-- pieces at another worth.
create table compared (
    source source_name not null,
    match_key match_name not null,
    set_no bigint not null,
    seqs bigint[] not null,
    country varchar not null,
    license_no varchar,
    device_id varchar,
    quantity bigint,
    least_quantity bigint,
    most_quantity bigint,
    tpp bigint not null,
    first_on date not null,
    last_on date not null,
    line_key varchar not null,
    row_ids bigint[] not null,
    told_key varchar not null,
    told_country varchar,
    told_license_no varchar,
    told_device_id varchar,
    told_quantity bigint,
    told_tpp bigint not null,
    by_tpp boolean not null,
    other_worth_tpp bigint not null,
    is_guessed boolean not null,
    told_first_on date,
    told_last_on date,
    tellings bigint not null,
    tellings_quantity bigint,
    changes_quantity bigint,
    is_cancelled boolean not null,
    quarantine varchar
);

-- found: one row per break. `key` and `scope` say what it is about and never change from run to run; net_tpp
-- is ledger minus source within `country`, other_tpp the same within `other_country`; at_stake_tpp is what it
-- is ranked by. elsewhere_tpp is what two of three say went to another country than the ledger has it go to,
-- or under another license that can take it; elsewhere_device_id and elsewhere_quantity, what that is made
-- of, where they say so.
create table found (
    code varchar not null,
    key varchar not null,
    scope varchar not null,
    source varchar not null,
    country varchar,
    other_country varchar,
    license_no varchar,
    device_id varchar,
    seqs bigint[],
    row_id bigint,
    on_day date,
    ledger_says varchar,
    source_says varchar,
    third_says varchar,
    agree varchar,
    match_key varchar,
    net_tpp bigint not null,
    other_tpp bigint not null,
    at_stake_tpp bigint not null,
    elsewhere_tpp bigint,
    elsewhere_device_id varchar,
    elsewhere_quantity bigint,
    is_critical boolean not null,
    reason varchar
);
