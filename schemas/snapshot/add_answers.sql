-- What stood at the last entry: one row of `meta` is the ledger, of `headroom` a country, of `license` a
-- license.
create or replace table meta as select * from temp.main.meta;

create or replace table headroom as select * from temp.main.headroom order by country;

create or replace table license as select * from temp.main.license;

drop view temp.main.meta;

drop view temp.main.headroom;

drop view temp.main.license;
