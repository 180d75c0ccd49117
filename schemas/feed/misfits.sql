-- One row per row of the file whose shape of entry does not hold together, by that shape.
select rowid as cell_id, coalesce(line, rowid + $first_line) as line, shape
from (
    select rowid, line, shape($kinds, kind, license_no, device_id, quantity, tpp, expires_on, reason) as shape
    from cell
    where broken is null
)
where list_contains($shapes, shape)
order by cell_id
