-- One row: the parse tree of a query, as DuckDB itself reads it.
select json_serialize_sql($query, skip_null := true, skip_empty := true, skip_default := true) as tree
