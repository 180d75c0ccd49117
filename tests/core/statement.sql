-- One row an entry of AE, with its headroom after each.
from statement('AE')
