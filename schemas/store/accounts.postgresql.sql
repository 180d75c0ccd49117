-- One row per account among those asked for: quotas and licenses, each a JSON array of names.
select
    quota, license_no, regime_tpp, headroom_tpp, licensed_tpp, exported_tpp, blocked_tpp,
    issued_on, expires_on, closed_by_seq, closed_reason, overdraft_approver
from balance
where license_no = '' and quota in (select jsonb_array_elements_text(cast(:quotas as jsonb)))
union all
select
    quota, license_no, regime_tpp, headroom_tpp, licensed_tpp, exported_tpp, blocked_tpp,
    issued_on, expires_on, closed_by_seq, closed_reason, overdraft_approver
from balance
where license_no <> '' and license_no in (select jsonb_array_elements_text(cast(:licenses as jsonb)))
