-- One row or none: an entry as the fields that were posted.
select
    kind, country, effective_on, license_no, device_id, quantity, tpp, expires_on, consignee, exporter,
    reference, reason, programme, holder, reverses_seq
from entry
where seq = :seq
