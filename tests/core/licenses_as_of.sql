-- One row a license of India, on the last day on which it was in force.
from licenses(country_code := 'IN', as_of := date '2026-04-30')
