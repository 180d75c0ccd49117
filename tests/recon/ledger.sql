-- One row per entry, with the columns of the core: every license, then every export.
select
    b.seq::bigint as seq,
    b.country,
    b.kind,
    b.tpp::bigint as tpp,
    case b.kind when 'license' then -b.tpp else 0 end::bigint as to_headroom_tpp,
    'country' as programme,
    b.on_day as effective_on,
    timestamp '2026-11-20 08:00:00' + to_microseconds(b.seq::bigint) as recorded_at,
    b.license_no,
    b.device_id,
    b.quantity::bigint as quantity,
    b.expires_on,
    null::bigint as reverses_seq,
    b.consignee,
    'Pinnacle Servers Inc' as exporter,
    b.reference,
    null::varchar as reason,
    b.country as holder,
    'country/' || b.country as quota,
    'diffusion-2025' as regime,
    'large-' || b.seq as request_id,
    0::bigint as request_part,
    null::varchar as body_hash,
    null::varchar as group_id,
    'sample' as actor,
    null::varchar as approver,
    0::bigint as headroom_after_tpp,
    1::bigint as hash_v,
    '' as prev_hash,
    '' as hash
from (
    select
        l.seq, l.country, 'license' as kind, l.tpp, l.issued_on as on_day, l.license_no, l.device_id,
        l.quantity, l.expires_on, l.consignee, null as reference
    from license as l
    union all
    select
        e.seq, e.country, 'export' as kind, e.quantity * e.piece_tpp as tpp, e.on_day, e.license_no,
        e.device_id, e.quantity, null as expires_on, e.consignee, e.itn || '/1' as reference
    from export as e
) as b
order by b.seq
