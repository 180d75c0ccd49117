-- One row per account, as the store says: what it holds in each bucket (whole TPP), and a license's own
-- dates.
create temp table stored as
select
    unnest(json_transform(a.account, '{
        "quota": "VARCHAR", "license_no": "VARCHAR", "regime": "BIGINT", "headroom": "BIGINT",
        "licensed": "BIGINT", "exported": "BIGINT", "blocked": "BIGINT", "issued_on": "VARCHAR",
        "expires_on": "VARCHAR", "closed_by_seq": "BIGINT", "closed_reason": "VARCHAR",
        "overdraft_approver": "VARCHAR"
    }'))
from arriving as a;

-- One row per entry as it was read again: a null where a value is none that an entry can have; `place` is
-- where it stands. The last six columns are not verified by sums: who compares more than verify does takes
-- them in as well.
create temp table arrived (
    place bigint not null,
    seq bigint,
    country country_code,
    kind kind_name,
    tpp bigint,
    programme programme_name,
    effective_on date,
    license_no varchar,
    expires_on date,
    reverses_seq bigint,
    reason varchar,
    quota varchar,
    actor varchar,
    approver varchar,
    headroom_after_tpp bigint,
    recorded_at timestamp,
    device_id varchar,
    quantity bigint,
    consignee varchar,
    reference varchar,
    group_id varchar
);

-- entries arrive slower than one thread takes them in, and what else runs meanwhile needs the others
set threads = 1;
