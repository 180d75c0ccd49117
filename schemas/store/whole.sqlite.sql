-- One row per fault of the file as SQLite finds it; one row, 'ok', where it finds none.
pragma integrity_check;
