-- One row per country: what was known to be left on February 10th, before the late return was recorded.
from headroom(known_at := '2026-02-10')
