-- One row per license whose TPP is not quantity x that of its device, by the catalogue or by its maker.
select
    v.rowid as row_id, v.license_no, v.country, v.told_on::varchar as issued_on, v.device_id, v.quantity,
    v.licensed_tpp
from told as v
inner join device_name as d on v.device_given = d.text
where
    v.standing = 'current' and d.device_id is not null
    and v.licensed_tpp <> v.quantity::hugeint * d.tpp
    and v.licensed_tpp <> v.quantity::hugeint * coalesce(d.declared_tpp, d.tpp)
order by v.rowid
