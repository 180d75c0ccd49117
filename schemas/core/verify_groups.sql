-- One row per quota, license and kind of entry: the TPP of all such entries, before they are moved anywhere.
select
    e.quota,
    e.kind::varchar as kind,
    e.license_no,
    sum(e.tpp) as tpp
from arrived as e
group by all
