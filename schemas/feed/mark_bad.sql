-- Marks the rows that have a fault.
update cell set is_bad = true
where rowid in (select unnest($cell_ids::bigint[]))
