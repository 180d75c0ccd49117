-- One row: the head, and the accounts that stand under it, as JSON joined by line breaks: read at once, while
-- others post.
select
    h.seq, h.hash, h.recorded_at, h.regime, h.schema_version, h.origin, h.salt_key, h.shared, h.tree,
    (
        select
            group_concat(
                json_object(
                    'quota', b.quota,
                    'license_no', b.license_no,
                    'regime', b.regime_tpp,
                    'headroom', b.headroom_tpp,
                    'licensed', b.licensed_tpp,
                    'exported', b.exported_tpp,
                    'blocked', b.blocked_tpp,
                    'issued_on', b.issued_on,
                    'expires_on', b.expires_on,
                    'closed_by_seq', b.closed_by_seq,
                    'closed_reason', b.closed_reason,
                    'overdraft_approver', b.overdraft_approver
                ),
                char(10)
            )
        from balance as b
    ) as accounts
from head as h
