-- One row per license as the ledger holds it, with the chips that were licensed under it where they are
-- known.
with licensed as (
    select
        e.license_no,
        list(distinct e.device_id) filter (e.device_id is not null) as device_ids,
        -- chips say what the TPP of a license is made of only where each of its entries names them
        case when bool_and(e.quantity is not null) then sum(e.quantity)::bigint end as quantity
    from entry as e
    where
        e.kind = 'license'
        and e.reverses_seq is null
        and e.effective_on <= $as_of::date
        and e.recorded_at <= $known_at::timestamp
        and not is_undone(e.seq, $known_at)
    group by e.license_no
),

given_back as (
    select
        e.license_no,
        max(e.effective_on) as released_on
    from entry as e
    where
        e.kind = 'release'
        and e.reverses_seq is null
        and e.effective_on <= $as_of::date
        and e.recorded_at <= $known_at::timestamp
        and not is_undone(e.seq, $known_at)
    group by e.license_no
)

select
    l.license_no, l.country, l.consignee, l.device_id, coalesce(q.device_ids, []) as device_ids, q.quantity,
    l.licensed_tpp, l.exported_tpp, l.released_tpp, l.outstanding_tpp, l.issued_on, l.expires_on,
    -- where nothing is left because it was given back: from then on nothing may leave under it
    case when l.outstanding_tpp = 0 and l.license_state <> 'exhausted' then g.released_on end as released_on,
    l.license_state
from licenses(as_of := $as_of, known_at := $known_at) as l
left join licensed as q on l.license_no = q.license_no
left join given_back as g on l.license_no = g.license_no
-- a number that was posted to a wrong country first is the license of the right one
qualify row_number() over (partition by l.license_no order by l.license_state = 'void', l.country) = 1
