-- One row a crossing of a balance state, in the order of entry.
from state_event
