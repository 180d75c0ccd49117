-- One row an entry whose hash is not that of its contents, or that does not continue the entry before it: the
-- canonical JSON (RFC 8785) of every stored field but the chain's own two, rebuilt here byte for byte.
with hashed as (
    select
        e.seq,
        e.hash,
        e.prev_hash,
        lag(e.hash, 1, repeat('0', 64)) over (order by e.seq) as last_hash,
        sha256(
            e.prev_hash || json_object(
                'actor', e.actor,
                'approver', e.approver,
                'body_hash', e.body_hash,
                'consignee', e.consignee,
                'country', e.country::varchar,
                'device_id', e.device_id,
                'effective_on', e.effective_on::varchar,
                'expires_on', e.expires_on::varchar,
                'exporter', e.exporter,
                'group_id', e.group_id,
                'hash_v', e.hash_v,
                'headroom_after_tpp', e.headroom_after_tpp,
                'holder', e.holder,
                'kind', e.kind::varchar,
                'license_no', e.license_no,
                'programme', e.programme::varchar,
                'quantity', e.quantity,
                'quota', e.quota,
                'reason', e.reason,
                'recorded_at', strftime(e.recorded_at, '%Y-%m-%dT%H:%M:%S.%fZ'),
                'reference', e.reference,
                'regime', e.regime,
                'request_id', e.request_id,
                'request_part', e.request_part,
                'reverses_seq', e.reverses_seq,
                'seq', e.seq,
                'tpp', e.tpp
            )::varchar
        ) as own_hash
    from entry as e
)

select
    h.seq,
    case when h.prev_hash <> h.last_hash then 'continues ' || h.last_hash else h.own_hash end as expected,
    case when h.prev_hash <> h.last_hash then 'continues ' || h.prev_hash else h.hash end as found
from hashed as h
where h.prev_hash <> h.last_hash or h.hash <> h.own_hash
order by h.seq
limit $most::bigint
