-- No row: lets go of what was needed meanwhile.
drop table if exists cell;
drop table if exists document;
drop table if exists told;
drop table if exists standing;
drop table if exists issue;
drop table if exists spelling;
drop table if exists device_name;
drop table if exists tier;
