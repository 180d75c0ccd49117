-- One row a country: what was known to be left on the 10th of February, before the late return was recorded.
from headroom(known_at := '2026-02-10')
