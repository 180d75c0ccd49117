-- One row per table of the file: the core's own tables, in a form that DuckDB 1.4 and later can read.
attach $file as kept (storage_version 'v1.4.0') -- noqa: PRS
