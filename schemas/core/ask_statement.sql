-- One row an entry of one country, with the headroom after each, from a day on.
from statement($country, as_of := $as_of, known_at := $known_at)
where $from_day is null or effective_on >= $from_day::date
