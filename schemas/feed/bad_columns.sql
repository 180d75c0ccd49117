-- One row per column with cells that cannot be read, or are empty and must not be.
select distinct column_name from bad
