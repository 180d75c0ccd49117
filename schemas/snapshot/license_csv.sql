-- One row per license.
copy ( -- noqa: PRS
    select l.* replace (guarded(l.license_no) as license_no, guarded(l.consignee) as consignee)
    from kept.main.license as l
) to $file (format csv, header true)
