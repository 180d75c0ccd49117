-- One row a country: what was left at the end of January by what had taken effect, the late return included.
from headroom(as_of := '2026-01-31')
