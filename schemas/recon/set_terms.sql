-- terms: the one row of it.
insert into terms values ($as_of::date, $transit_days, $credits_origin)
