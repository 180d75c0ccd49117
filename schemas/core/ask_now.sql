-- One row per country: its quota and what is left of it now, in no order.
from headroom_now
