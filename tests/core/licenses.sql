-- One row per license: what was licensed, exported and released under it, and what it still holds.
from licenses()
