-- One row a country: what is left of its quota, lowest first.
from headroom()
