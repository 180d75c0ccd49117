-- One row: up to which entry they lie in the order of (country, seq): all that there are.
update sorted_through set seq = (select coalesce(max(e.seq), 0) from entry as e)
