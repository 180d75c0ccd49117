-- One row per telling of a declaration: as the export was, but for its break.
with told as (
    select
        e.*,
        1 as place,
        'add' as action,
        0 as amendment_no,
        case e.code
            when 'QUANTITY' then e.quantity - 1
            when 'UNIT' then e.quantity * 8
            else e.quantity
        end as told_quantity
    from export as e
    where e.code <> 'MISSING_IN_SOURCE'
    union all
    select e.*, 2 as place, 'cancel' as action, 1 as amendment_no, null as told_quantity
    from export as e
    where e.code = 'CANCELLED_AT_SOURCE'
    union all
    select e.*, 2 as place, 'change' as action, 2 as amendment_no, e.quantity as told_quantity
    from export as e
    where e.code = 'STALE_AMENDMENT'
    union all
    select e.*, 3 as place, 'change' as action, 1 as amendment_no, e.quantity + 5 as told_quantity
    from export as e
    where e.code = 'STALE_AMENDMENT'
    union all
    select
        e.* replace ('Y' || substr(e.itn, 2) as itn), 2 as place, 'add' as action, 0 as amendment_no,
        2 as told_quantity
    from export as e
    where e.code = 'MISSING_IN_LEDGER'
)

select
    t.itn,
    1 as line_no,
    t.action,
    t.amendment_no,
    case t.code
        when 'UNKNOWN_LICENSE' then 'D-MISTYPED'
        when 'UNLICENSED_EXPORT' then null
        else t.license_no
    end as license_no,
    '3A090.a' as eccn,
    '8473.30.1180' as schedule_b,
    case t.code
        when 'DEVICE_UNKNOWN' then 'DGX H100'
        when 'DEVICE' then 'nvidia-a100-sxm4-80gb'
    end as device_id,
    t.told_quantity::bigint as quantity,
    'NO' as unit,
    case t.code when 'COUNTRY' then 'QA' else t.country end as country,
    case t.code when 'PERIOD' then t.on_day + 10 else t.on_day end as exported_on,
    t.on_day + 1 as filed_on,
    'air' as transport,
    t.consignee,
    'filer ' || t.seq % 40 as filer
from told as t
order by t.seq, t.place
