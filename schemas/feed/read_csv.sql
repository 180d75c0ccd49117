-- One row per line of a well-formed CSV file: its cells as they stand. Nothing is guessed, nothing skipped.
insert into cell by name
select *
from read_csv(
    $path, columns = $columns, delim = $delimiter, header = true, auto_detect = false,
    quote = '"', escape = '"', comment = '', nullstr = '', strict_mode = true, null_padding = false,
    ignore_errors = false, compression = 'none', hive_partitioning = false,
    buffer_size = 8000000, max_line_size = 1000000
)
