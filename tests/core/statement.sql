-- One row per entry of AE, with its headroom after each.
from statement('AE')
