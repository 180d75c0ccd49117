-- One row per country with a quota: what it was allocated and has used, what left and what its licenses still
-- hold.
with allocated as (
    select
        e.country::varchar as country,
        e.effective_on,
        e.reverses_seq is null and not is_undone(e.seq, $known_at) as stands
    from entry as e
    where
        e.programme = 'country' and e.kind = 'allocate'
        and ($known_at is null or e.recorded_at <= $known_at::timestamp)
),

opened as (
    select
        a.country,
        -- where none stands, the quota is closed, and its row says so
        coalesce(min(a.effective_on) filter (a.stands), min(a.effective_on)) as opened_on
    from allocated as a
    group by a.country
)

select
    h.country,
    h.country_name,
    h.allocated_tpp,
    h.allocated_tpp - h.headroom_tpp as used_tpp,
    h.exported_tpp,
    h.headroom_tpp,
    h.control_state = 'closed' as is_closed,
    o.opened_on
from headroom(as_of := $as_of, known_at := $known_at) as h
inner join opened as o on h.country = o.country
where $country is null or h.country = $country
order by h.country
