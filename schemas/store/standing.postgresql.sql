-- One row: the head, and the accounts that stand under it, as JSON joined by line breaks: read at once, while
-- others post.
select
    h.seq, h.hash, h.recorded_at, h.regime, h.schema_version, h.origin, h.salt_key, h.shared, h.tree,
    (
        select string_agg(row_to_json(a)::text, chr(10))
        from (
            select
                b.quota,
                b.license_no,
                b.regime_tpp as regime,
                b.headroom_tpp as headroom,
                b.licensed_tpp as licensed,
                b.exported_tpp as exported,
                b.blocked_tpp as blocked,
                b.issued_on,
                b.expires_on,
                b.closed_by_seq,
                b.closed_reason,
                b.overdraft_approver
            from balance as b
        ) as a
    ) as accounts
from head as h
