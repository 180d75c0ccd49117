-- One row per entry of a part of the history, in the order of its number.
copy ( -- noqa: PRS
    select
        e.* replace (
            as_text(e.recorded_at) as recorded_at,
            guarded(e.license_no) as license_no,
            guarded(e.consignee) as consignee,
            guarded(e.exporter) as exporter,
            guarded(e.reference) as reference,
            guarded(e.reason) as reason,
            guarded(e.holder) as holder,
            guarded(e.request_id) as request_id,
            guarded(e.group_id) as group_id,
            guarded(e.actor) as actor,
            guarded(e.approver) as approver
        )
    from entry as e
    where e.seq between $first and $last
    order by e.seq
) to $file (format csv, header true)
