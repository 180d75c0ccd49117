-- One row: which ledger it is.
copy ( -- noqa: PRS
    select m.* replace (as_text(m.recorded_at) as recorded_at)
    from kept.main.meta as m
) to $file (format csv, header true)
