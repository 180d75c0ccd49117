-- told: one row per declaration of customs, in the columns that every source is compared by.
create or replace view told as
select
    'declarations'::source_name as source,
    d.row_id,
    d.itn || '/' || d.line_no as told_key,
    d.itn,
    d.line_no,
    d.license_no,
    d.exception,
    d.device_id,
    pieces(d.quantity, d.unit) as quantity,
    d.country,
    d.exported_on as on_day,
    -- the parts of a split shipment leave within a day by vessel, else within a week
    case d.transport when 'vessel' then 1 else 7 end as window_days,
    d.consignee,
    d.version,
    d.row_id in (select v.row_id from declaration_version as v where v.action <> 'add') as is_amended,
    d.is_cancelled,
    d.quarantine
from declaration as d;

-- telling: one row for each time that a declaration was told, with what it said then.
create or replace view telling as
select
    v.itn || '/' || v.line_no as told_key,
    pieces(v.quantity, v.unit) as quantity,
    v.standing
from declaration_version as v;

-- now_source: one row, the source that is compared now.
create or replace table now_source as select 'declarations'::source_name as source;
