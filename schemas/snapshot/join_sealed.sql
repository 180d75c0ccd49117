-- entry: one row per entry, sealed or since. Views and macros find it under its name, wherever it lies.
alter table entry rename to entry_since;

create view entry as
select * from sealed.entry
union all by name
select * from entry_since;

comment on table entry_since is null;

comment on view entry is 'One row per entry.';

update sorted_through set seq = (select s.seq from sealed.sorted_through as s);
