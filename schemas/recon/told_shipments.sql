-- told: one row per delivery of a vendor, in the columns that every source is compared by.
create or replace view told as
with license_of as (
    select
        x.itn,
        min(x.license_no) as license_no
    from declaration as x
    semi join shipment as y on x.itn = y.itn
    group by x.itn
    having count(distinct x.license_no) = 1
)

select
    'shipments'::source_name as source,
    s.row_id,
    s.delivery_no || '/' || s.line_no as told_key,
    s.itn,
    null::integer as line_no,
    -- a vendor need not know the license; the declaration of that ITN does
    coalesce(s.license_no, d.license_no) as license_no,
    null::varchar as exception,
    s.device_id,
    s.quantity,
    s.country,
    s.shipped_on as on_day,
    7 as window_days,
    s.consignee,
    s.version,
    false as is_amended,
    false as is_cancelled,
    s.quarantine
from shipment as s
left join license_of as d on s.itn = d.itn;

-- telling: one row for each time that a delivery was told, with what it said then.
create or replace view telling as
select
    v.delivery_no || '/' || v.line_no as told_key,
    v.quantity,
    v.standing
from shipment_version as v;

-- now_source: one row, the source that is compared now.
create or replace table now_source as select 'shipments'::source_name as source;
