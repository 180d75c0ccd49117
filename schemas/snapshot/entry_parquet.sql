-- One row per entry of a part of the history, by country and number; the file says in which hash it ends.
-- Joined to a row of nothing, so that every column of every part may be null: else DuckDB says of a column
-- without a null in one part that it never has one, and the parts do not fit together.
copy ( -- noqa: PRS
    select
        e.* replace (
            e.country::varchar as country,
            e.kind::varchar as kind,
            e.programme::varchar as programme
        )
    from (select 1) as nothing
    left join entry as e on e.seq between $first and $last
    order by e.country, e.seq
) to $file (
    format parquet,
    compression zstd,
    row_group_size 50000,
    kv_metadata {seq: $seq, head_hash: $head_hash, regime: $regime}
)
