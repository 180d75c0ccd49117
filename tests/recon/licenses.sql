-- One row per license, as the licensing office tells it.
select
    license_no, country, consignee, device_id, quantity, tpp as licensed_tpp, issued_on, expires_on,
    'active' as state
from license
order by seq
