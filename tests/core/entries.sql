-- One row an entry, as it was kept.
select
    e.seq, e.recorded_at, e.kind, e.country, e.effective_on, e.license_no, e.device_id, e.quantity, e.tpp,
    e.to_headroom_tpp, e.expires_on, e.reference, e.reason, e.reverses_seq, e.group_id is not null as in_group, e.actor,
    e.approver, e.quota
from entry as e
order by e.seq
