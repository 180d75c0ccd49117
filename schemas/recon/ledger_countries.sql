-- One row per country: what it was licensed and what it has left, in whole TPP.
select
    h.country,
    h.allocated_tpp,
    h.licensed_tpp,
    h.exported_tpp,
    h.headroom_tpp
from headroom(as_of := $as_of, known_at := $known_at) as h
