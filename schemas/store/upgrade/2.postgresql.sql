-- From schema 1 to 2, before the head is filled: the log of events, and four columns more in the head.
create table event (
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

create index event_of on event (topic, subject, seq);

alter table head add column origin text;
alter table head add column salt_key text;
alter table head add column shared bigint;
alter table head add column tree text;
