-- One row per license of AE on the day after L-2 has expired.
from licenses(country_code := 'AE', as_of := '2026-04-16')
