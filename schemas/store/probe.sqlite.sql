-- No row: a table that only a SQLite with strict tables makes.
create table probe (seq integer primary key) strict
