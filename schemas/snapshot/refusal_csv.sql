-- One row per refusal, in the order in which they were answered.
copy ( -- noqa: PRS
    select
        r.* replace (
            as_text(r.refused_at) as refused_at,
            guarded(r.request_id) as request_id,
            guarded(r.license_no) as license_no,
            guarded(r.actor) as actor,
            guarded(r.detail) as detail
        )
    from kept.main.refusal as r
    order by r.refused_at, r.request_id, r.attempt
) to $file (format csv, header true)
