-- Takes away the rows after the last one that says anything: spreadsheets end tables with lines of commas.
with said as (
    select
        c.rowid as cell_id,
        coalesce(*columns(c.* exclude (line, is_bad))) as anything
    from cell as c
)

delete from cell
where rowid > (select coalesce(max(s.cell_id), -1) from said as s where s.anything is not null)
