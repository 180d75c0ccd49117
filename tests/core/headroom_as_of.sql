-- One row per country: what was left at the end of January by what had taken effect, with the late return.
from headroom(as_of := '2026-01-31')
