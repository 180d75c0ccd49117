-- No row: entries are read from their own table again, and no longer where they lie in segments.
drop view entry;

alter table laid rename to entry
