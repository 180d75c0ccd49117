-- When will a country have used 90 % and 100 % of its quota?
-- From what its licenses hold, how much of such holdings was shipped before, and three run-rates: the days
-- by which one, five and nine of ten drawn futures are there, and how many are not within the period at all.
-- $as_of: day = today; as it would have been forecast on this day
-- $known_at: instant = now; by what had been recorded at this instant
-- $country: country = all; one country
-- needs: forecast
select f.*
from forecast as f
order by f.country, f.percent, f.draws
