-- One row, the country's: what it has left, once the sums of a few entries are added to what it holds.
with changed as (
    update held_now
    set
        allocated_tpp = allocated_tpp - $regime,
        licensed_tpp = licensed_tpp + $licensed,
        exported_tpp = exported_tpp + $exported,
        blocked_tpp = blocked_tpp + $blocked,
        headroom_tpp = headroom_tpp + $headroom,
        last_seq = $last_seq
    where country = $country
    returning *
)

from left_of('changed')
