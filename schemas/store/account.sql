-- One row per account: that of a quota, and that of a license.
select
    quota, license_no, regime_tpp, headroom_tpp, licensed_tpp, exported_tpp, blocked_tpp,
    issued_on, expires_on, closed_by_seq, closed_reason, overdraft_approver
from balance
where license_no = '' and quota = :quota
union all
select
    quota, license_no, regime_tpp, headroom_tpp, licensed_tpp, exported_tpp, blocked_tpp,
    issued_on, expires_on, closed_by_seq, closed_reason, overdraft_approver
from balance
where license_no <> '' and license_no = :license_no
