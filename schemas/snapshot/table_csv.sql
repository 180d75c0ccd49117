-- One row per row of a table.
copy ( -- noqa: PRS
    select * from query_table($name)
) to $file (format csv, header true)
