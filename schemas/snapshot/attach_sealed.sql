-- One row per table of the file: what was sealed of the ledger, to be read and not to be written.
attach $file as sealed (read_only) -- noqa: PRS
