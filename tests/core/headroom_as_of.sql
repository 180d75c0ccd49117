-- One row a country: what was left of it by what had taken effect on 2026-02-10, whenever it was recorded.
from headroom(as_of := date '2026-02-10')
