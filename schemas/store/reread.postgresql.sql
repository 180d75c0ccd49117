-- One row: the entries above one seq and up to another, how many, which, and each column joined by line
-- breaks, in their order. The last is their canonical form (RFC 8785), made here out of what is stored.
select
    count(*) as entries,
    min(r.seq) as first_seq,
    max(r.seq) as last_seq,
    min(r.hash_v) as least_hash_v,
    max(r.hash_v) as most_hash_v,
    min(r.regime) as least_regime,
    max(r.regime) as most_regime,
    string_agg(r.prev_hash, chr(10)) as prev_hashes,
    string_agg(r.hash, chr(10)) as own_hashes,
    string_agg(r.recorded_at, chr(10)) as instants,
    convert_to(string_agg(row_to_json(r.body)::text, chr(10)), 'UTF8') as bodies
from (
    select
        e.seq,
        e.hash_v,
        e.regime,
        e.prev_hash,
        e.hash,
        e.recorded_at,
        b as body
    from entry as e
    cross join lateral (
        select
            e.actor,
            e.approver,
            e.body_hash,
            e.consignee,
            e.country,
            e.device_id,
            e.effective_on,
            e.expires_on,
            e.exporter,
            e.group_id,
            e.hash_v,
            e.headroom_after_tpp,
            e.holder,
            e.kind,
            e.license_no,
            e.programme,
            e.quantity,
            e.quota,
            e.reason,
            e.recorded_at,
            e.reference,
            e.regime,
            e.request_id,
            e.request_part,
            e.reverses_seq,
            e.seq,
            e.tpp
    ) as b
    where e.seq > :above and e.seq <= :upto
    order by e.seq
) as r
