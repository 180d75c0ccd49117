-- One row: the last entry that counts, which is the last that was recorded by an instant.
select
    coalesce(max(e.seq), 0)::bigint as seq,
    coalesce(
        strftime(max(e.recorded_at), '%Y-%m-%dT%H:%M:%S.%fZ'), $known_at, '1970-01-01T00:00:00.000000Z'
    ) as recorded_at
from entry as e
where $known_at is null or e.recorded_at <= $known_at::timestamp
