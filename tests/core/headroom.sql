-- One row a country: its quota and what is left of it.
from headroom()
