-- One row per crossing of a balance state, in the order of entry.
from state_event
