-- When will a country's quota be critical (90 % in the rule of 2025), and used up?
-- From what its licenses hold, how much of such holdings was shipped before, and three run-rates: the days
-- by which one, five and nine of ten drawn futures are there, and how many are not within the period at all.
-- $as_of: day = today; as it would have been forecast on this day
-- $known_at: instant = now; by what had been recorded at this instant
-- $country: country = all; one country
-- needs: forecast
select f.*
from forecast as f
order by f.country, f.percent, f.draws
