-- No row: what was committed is in the file itself, and nothing beside it.
checkpoint kept
