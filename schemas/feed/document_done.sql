-- No row: lets go of the lines and of what stands in the columns, once all cells are there and all faults
-- known.
truncate document;
drop table held;
drop table if exists bad;
