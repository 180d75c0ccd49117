-- From schema 1 to 2, before the head is filled: the log of events, and a head with four columns more.
create table event (
    seq integer not null,
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
) strict;

create index event_of on event (topic, subject, seq);

alter table head rename to head_1;

create table head (
    one integer not null,
    seq integer not null,
    hash text not null,
    recorded_at text not null,
    regime text not null,
    schema_version integer not null,
    origin text not null,
    salt_key text not null,
    shared integer not null,
    tree text not null,
    primary key (one),
    constraint head_one_row check (one = 1)
) strict;
