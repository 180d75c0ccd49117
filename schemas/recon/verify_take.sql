-- Takes in the entries of a page, out of their canonical forms, as core/verify_take.sql does, and what a
-- night needs of them besides: what is compared is what was verified.
insert into arrived by name
select
    a.seq as place,
    unnest(json_transform(a.body, '{
        "seq": "BIGINT", "country": "country_code", "kind": "kind_name", "tpp": "BIGINT",
        "programme": "programme_name", "effective_on": "DATE", "license_no": "VARCHAR", "expires_on": "DATE",
        "reverses_seq": "BIGINT", "reason": "VARCHAR", "quota": "VARCHAR", "actor": "VARCHAR",
        "approver": "VARCHAR", "headroom_after_tpp": "BIGINT", "recorded_at": "TIMESTAMP",
        "device_id": "VARCHAR", "quantity": "BIGINT", "consignee": "VARCHAR", "reference": "VARCHAR",
        "group_id": "VARCHAR"
    }'))
from arriving as a
