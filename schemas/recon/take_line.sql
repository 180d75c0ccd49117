-- Copies what arrives into `line`: one row there is one row here, with the ITN and its line read from the
-- reference.
insert into line by name
select
    a.*,
    nullif(regexp_replace(split_part(a.reference, '/', 1), '-R$', ''), '') as itn,
    try_cast(regexp_replace(split_part(a.reference, '/', 2), '-R$', '') as integer) as line_no
from arriving as a
