-- tier: one row per country and span of days, with its tier.
create or replace table tier as select * from given_tier;
