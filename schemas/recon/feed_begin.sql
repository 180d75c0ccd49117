-- No row: a schema of its own for what is staged, emptied of an earlier night.
drop schema if exists feed cascade;

create schema feed;

use feed;

-- The day on which an instant was, where it was written down.
create or replace macro own_day(x) as case when strlen(x) = 10 then x else left(x, 10) end::date;

create or replace macro composed(x) as nfc_normalize(x);

-- Pieces, under any of the names that forms have for them; another unit as it stands.
create or replace macro unit_of(x) as case
    when x is null then 'NO'
    when upper(x) in ('NO', 'NOS', 'NMB', 'PC', 'PCE', 'PCS', 'EA', 'EACH', 'X', 'UN', 'UNIT', 'UNITS')
        then 'NO'
    else upper(x)
end;

create or replace macro serials_of(x) as list_filter(
    string_split_regex(x, '[;|\s]+'), lambda serial: serial <> ''
);
