-- tier: one row a country and a span of days, with its tier.
create or replace table tier as select * from given_tier;
