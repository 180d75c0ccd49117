-- One row: the entries above one seq and up to another, how many, which, and each column joined by line
-- breaks, in their order. The last is their canonical form (RFC 8785), made here out of what is stored.
select
    count(*) as entries,
    min(e.seq) as first_seq,
    max(e.seq) as last_seq,
    min(e.hash_v) as least_hash_v,
    max(e.hash_v) as most_hash_v,
    min(e.regime) as least_regime,
    max(e.regime) as most_regime,
    group_concat(e.prev_hash, char(10)) as prev_hashes,
    group_concat(e.hash, char(10)) as own_hashes,
    group_concat(e.recorded_at, char(10)) as instants,
    cast(
        group_concat(
            json_object(
                'actor', e.actor,
                'approver', e.approver,
                'body_hash', e.body_hash,
                'consignee', e.consignee,
                'country', e.country,
                'device_id', e.device_id,
                'effective_on', e.effective_on,
                'expires_on', e.expires_on,
                'exporter', e.exporter,
                'group_id', e.group_id,
                'hash_v', e.hash_v,
                'headroom_after_tpp', e.headroom_after_tpp,
                'holder', e.holder,
                'kind', e.kind,
                'license_no', e.license_no,
                'programme', e.programme,
                'quantity', e.quantity,
                'quota', e.quota,
                'reason', e.reason,
                'recorded_at', e.recorded_at,
                'reference', e.reference,
                'regime', e.regime,
                'request_id', e.request_id,
                'request_part', e.request_part,
                'reverses_seq', e.reverses_seq,
                'seq', e.seq,
                'tpp', e.tpp
            ),
            char(10)
        ) as blob
    ) as bodies
from entry as e
where e.seq > :above and e.seq <= :upto
