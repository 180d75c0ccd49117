-- One row a country before there was any: none.
from headroom(as_of := '2024-12-31')
