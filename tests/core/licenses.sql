-- One row per license: what was licensed, exported and released under it, and what may still leave.
from licenses()
