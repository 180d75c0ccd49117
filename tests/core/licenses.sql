-- One row a license, on 2026-06-30.
from licenses()
