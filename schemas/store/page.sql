-- One row per entry after a seq, in order.
select
    kind,
    country,
    effective_on,
    license_no,
    device_id,
    quantity,
    expires_on,
    consignee,
    exporter,
    reference,
    reason,
    programme,
    reverses_seq,
    recorded_at,
    request_id,
    request_part,
    body_hash,
    group_id,
    regime,
    quota,
    holder,
    tpp,
    actor,
    approver,
    headroom_after_tpp,
    hash_v,
    prev_hash,
    hash,
    seq
from entry
where seq > :past
order by seq
limit :size
