-- Lets one process at a time create the tables: `create table if not exists` alone may fail in a race.
select pg_advisory_xact_lock(790000000)
