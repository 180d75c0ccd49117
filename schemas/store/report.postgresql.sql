-- What may be asked of a PostgreSQL ledger in SQL, under the names that `tppq sql` knows; what one row is,
-- the comment on each view says. Schema `report`, for members of tppq_reader. Figures are the stored
-- balances, in whole TPP; what has expired or is critical, and H100-equivalents, follow from the regime: tppq
-- tells them. May be run again. Nothing is changed of a schema that was there, but for these views.
do $$
begin
    if to_regnamespace('report') is null then
        create schema report;
        comment on schema report is 'What may be asked of the ledger in SQL: all of it reads, nothing writes';
    end if;
end
$$;

create or replace view report.meta as
select
    h.seq,
    h.hash as head_hash,
    h.recorded_at::timestamptz as recorded_at,
    h.regime,
    h.schema_version
from head as h;

create or replace view report.entry as
select
    e.seq,
    e.country,
    e.kind,
    e.tpp,
    e.programme,
    e.effective_on::date as effective_on,
    e.recorded_at::timestamptz as recorded_at,
    e.license_no,
    e.device_id,
    e.quantity,
    e.expires_on::date as expires_on,
    e.reverses_seq,
    e.consignee,
    e.exporter,
    e.reference,
    e.reason,
    e.holder,
    e.quota,
    e.regime,
    e.request_id,
    e.request_part,
    e.group_id,
    e.actor,
    e.approver,
    e.headroom_after_tpp,
    e.prev_hash,
    e.hash
from entry as e;

create or replace view report.statement as
select
    e.country,
    e.seq,
    e.effective_on::date as effective_on,
    e.recorded_at::timestamptz as recorded_at,
    e.kind,
    e.license_no,
    e.device_id,
    e.quantity,
    e.tpp,
    e.headroom_after_tpp,
    e.reference,
    e.reverses_seq
from entry as e
where e.programme = 'country';

create or replace view report.headroom as
select
    b.country,
    b.allocated_tpp,
    b.licensed_tpp,
    b.exported_tpp,
    b.blocked_tpp,
    b.headroom_tpp,
    -- cut, not rounded: 99.96 % used is not 100
    case
        when b.allocated_tpp > 0 then trunc((b.allocated_tpp - b.headroom_tpp) * 100.0 / b.allocated_tpp, 1)
    end as used_percent
from (
    select
        split_part(a.quota, '/', 2) as country,
        -sum(a.regime_tpp)::bigint as allocated_tpp,
        sum(a.licensed_tpp)::bigint as licensed_tpp,
        sum(a.exported_tpp)::bigint as exported_tpp,
        sum(a.blocked_tpp)::bigint as blocked_tpp,
        sum(a.headroom_tpp)::bigint as headroom_tpp
    from balance as a
    where a.quota like 'country/%'
    group by a.quota
) as b;

create or replace view report.license as
select
    b.license_no,
    split_part(b.quota, '/', 2) as country,
    b.quota,
    b.licensed_tpp as outstanding_tpp,
    b.exported_tpp,
    b.issued_on::date as issued_on,
    b.expires_on::date as expires_on,
    case when b.licensed_tpp = 0 then b.closed_reason end as closed_reason -- else some was put back
from balance as b
where b.license_no <> '';

comment on view report.meta is 'One row: up to which entry the ledger is, and its hash';

comment on view report.entry is 'One row per entry: whole TPP moved from one bucket of a quota to another';

comment on view report.statement is 'One row per entry of a country''s quota, with its headroom after it';

comment on view report.headroom is 'One row per country: what is left of its quota now, in whole TPP';

comment on view report.license is 'One row per license: what it still holds, what left, in whole TPP';

comment on column report.headroom.used_percent is 'What is not left: percent, cut to one decimal';

comment on column report.license.outstanding_tpp is 'Licensed, not exported, not released';

comment on column report.license.closed_reason is 'Why it was given back whole; null where some may leave';

grant usage on schema report to tppq_reader;

grant select on report.meta, report.entry, report.statement, report.headroom, report.license to tppq_reader;
