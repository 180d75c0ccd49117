-- One row per line of a JSON Lines file. No quotes, and a delimiter that no JSON text contains.
insert into document by name
select text
from read_csv(
    $path, columns = {'text': 'VARCHAR'}, delim = chr(31), header = false, auto_detect = false,
    quote = '', escape = '', comment = '', nullstr = '', strict_mode = true, null_padding = false,
    ignore_errors = false, compression = 'none', hive_partitioning = false,
    buffer_size = 8000000, max_line_size = 1000000
)
