-- Adds the entries of a relation after a seq to what each country holds now.
update held_now
set
    allocated_tpp = held_now.allocated_tpp + s.allocated_tpp,
    licensed_tpp = held_now.licensed_tpp + s.licensed_tpp,
    exported_tpp = held_now.exported_tpp + s.exported_tpp,
    blocked_tpp = held_now.blocked_tpp + s.blocked_tpp,
    headroom_tpp = held_now.headroom_tpp + s.headroom_tpp,
    last_seq = s.last_seq
from held_of($relation, null, null, after := $after) as s
where held_now.country = s.country
