-- One row per break, by the day on which it was first seen.
copy ( -- noqa: PRS
    select
        b.* replace (
            guarded(b.license_no) as license_no,
            guarded(b.device_id) as device_id,
            guarded(b.key) as key,
            guarded(b.owner) as owner,
            guarded(b.detail) as detail
        )
    from kept.main.break as b
    order by b.first_seen_on, b.fingerprint
) to $file (format csv, header true)
