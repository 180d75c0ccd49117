-- serial: one row per serial number of a record that counts, of any source.
insert into main.serial
select distinct $of_source as source, rowid as row_id, unnest(serials_of(serials)) as serial
from told
where standing = 'current' and not is_cancelled and serials is not null
order by row_id, serial
