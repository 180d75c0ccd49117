-- One row per license, of one country or of all.
from licenses(country_code := $country, as_of := $as_of, known_at := $known_at)
