-- Marks the rows in which nothing stands, between others: they are at fault as a whole, not cell by cell.
with said as (
    select
        c.rowid as cell_id,
        coalesce(*columns(c.* exclude (line, is_bad))) as anything
    from cell as c
)

update cell set broken = $why
where rowid in (select s.cell_id from said as s where s.anything is null)
