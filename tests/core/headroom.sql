-- One row per country: what is left of its quota, lowest first.
from headroom()
