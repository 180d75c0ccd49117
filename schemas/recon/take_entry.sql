-- Takes in the entries of a page as they were verified, out of their canonical forms: the columns that a
-- night needs.
insert into entry by name
select
    unnest(json_transform(a.body, '{
        "seq": "BIGINT", "country": "country_code", "kind": "kind_name", "tpp": "BIGINT",
        "programme": "programme_name", "effective_on": "DATE", "recorded_at": "TIMESTAMP",
        "license_no": "VARCHAR", "device_id": "VARCHAR", "quantity": "BIGINT", "expires_on": "DATE",
        "reverses_seq": "BIGINT", "consignee": "VARCHAR", "reference": "VARCHAR", "reason": "VARCHAR"
    }')),
    0::bigint as to_headroom_tpp
from arriving as a
