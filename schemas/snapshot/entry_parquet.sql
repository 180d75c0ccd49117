-- One row per entry of a part of the history, by country and number; the file says in which hash it ends.
copy ( -- noqa: PRS
    select
        e.* replace (
            e.country::varchar as country,
            e.kind::varchar as kind,
            e.programme::varchar as programme
        )
    from entry as e
    where e.seq between $first and $last
    order by e.country, e.seq
) to $file (
    format parquet,
    compression zstd,
    row_group_size 50000,
    kv_metadata {seq: $seq, head_hash: $head_hash, regime: $regime}
)
