-- How the connection of a process behaves that reads a history again: it cannot write. It maps the file
-- into its memory, where a file that is cut short meanwhile ends that process and no other.
pragma query_only = on;

pragma trusted_schema = off;

pragma mmap_size = 1073741824;
