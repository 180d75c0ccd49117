-- Sets one account to what it holds after the entries of this transaction.
insert into balance (
    quota, license_no, regime_tpp, headroom_tpp, licensed_tpp, exported_tpp, blocked_tpp,
    issued_on, expires_on, closed_by_seq, closed_reason, overdraft_approver
)
values (
    :quota, :license_no, :regime_tpp, :headroom_tpp, :licensed_tpp, :exported_tpp, :blocked_tpp,
    :issued_on, :expires_on, :closed_by_seq, :closed_reason, :overdraft_approver
)
on conflict (quota, license_no) do update set
    regime_tpp = excluded.regime_tpp,
    headroom_tpp = excluded.headroom_tpp,
    licensed_tpp = excluded.licensed_tpp,
    exported_tpp = excluded.exported_tpp,
    blocked_tpp = excluded.blocked_tpp,
    issued_on = excluded.issued_on,
    expires_on = excluded.expires_on,
    closed_by_seq = excluded.closed_by_seq,
    closed_reason = excluded.closed_reason,
    overdraft_approver = excluded.overdraft_approver
