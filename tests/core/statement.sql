-- One row an entry of the UAE, with what was left after each.
from statement('AE')
