-- One row a country: what was left of it on 2026-02-10, as known before the entry that was recorded late.
from headroom(as_of := '2026-02-10', known_at := '2026-03-19')
