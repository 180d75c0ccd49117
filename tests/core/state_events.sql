-- One row a crossing of a state, in either direction.
from state_event
