-- One row: the last entry that counts: of those up to a seq, the last that was recorded by an instant.
select
    coalesce(max(e.seq), 0)::bigint as seq,
    coalesce(arg_max(e.hash, e.seq), repeat('0', 64)) as head_hash,
    coalesce(
        strftime(max(e.recorded_at), '%Y-%m-%dT%H:%M:%S.%fZ'), '1970-01-01T00:00:00.000000Z'
    ) as recorded_at
from entry as e
where e.seq <= $seq and ($known_at is null or e.recorded_at <= $known_at::timestamp)
