-- One row a country: what was left of it by what had been recorded by 2026-03-19.
from headroom(known_at := '2026-03-19 23:59:59.999999')
