-- One row per row of a table; the file says up to which entry, and its hash, the table holds.
copy ( -- noqa: PRS
    select * from query_table($name)
) to $file (
    format parquet,
    compression zstd,
    kv_metadata {seq: $seq, head_hash: $head_hash, regime: $regime}
)
