-- delivered_again: one row per delivery that the ledger does not know, with the device, the quantity and just
-- the serial numbers of another one: the same goods under another number, which is no conflict.
create table delivered_again as
with named as (
    select
        n.row_id,
        list(n.serial order by n.serial) as serials
    from serial as n
    where n.source = 'shipments'
    group by n.row_id
)

select
    o.row_id,
    min(s.delivery_no || '/' || s.line_no) as told_as
from lone_told as o
inner join shipment as x on o.row_id = x.row_id
inner join named as m on x.row_id = m.row_id
inner join named as k on m.serials = k.serials and m.row_id <> k.row_id
inner join shipment as s on k.row_id = s.row_id
where
    o.source = 'shipments' and o.quarantine is null
    and x.quantity = s.quantity and not differs(x.device_id, s.device_id)
    and (
        s.row_id < x.row_id
        or s.row_id not in (select y.row_id from lone_told as y where y.source = 'shipments')
    )
group by o.row_id;

-- found: adds one row per pair of records that name the same serial numbers where no chip can be in both: two
-- deliveries, or a delivery and a reexport from a country to which it did not go.
insert into found by name
with placed as (
    select
        n.serial,
        'shipments' as source,
        s.row_id,
        s.delivery_no || '/' || s.line_no as name,
        s.shipped_on as on_day,
        null as from_country,
        s.country as to_country,
        s.device_id,
        s.license_no
    from serial as n
    inner join shipment as s on n.source = 'shipments' and n.row_id = s.row_id
    where s.row_id not in (select e.row_id from delivered_again as e)
    union all
    select
        n.serial,
        'reexports' as source,
        r.row_id,
        r.reference as name,
        r.moved_on as on_day,
        r.from_country,
        r.to_country,
        r.device_id,
        r.license_no
    from serial as n
    inner join reexport as r on n.source = 'reexports' and n.row_id = r.row_id and r.leg = 'out'
),

twice as (
    select q.serial
    from placed as q
    group by q.serial
    having count(*) > 1
),

followed as (
    select
        s.*,
        lag(s.name) over by_day as name_before,
        lag(s.to_country) over by_day as country_before
    from placed as s
    semi join twice as d on s.serial = d.serial
    window by_day as (partition by s.serial order by s.on_day asc, s.source desc, s.row_id asc)
)

select
    'SERIAL_CONFLICT' as code,
    min(f.serial) as key,
    '' as scope,
    f.source,
    min(f.to_country) as country,
    case when f.source = 'reexports' then min(f.from_country) end as other_country,
    min(f.license_no) as license_no,
    min(f.device_id) as device_id,
    f.row_id,
    min(f.on_day) as on_day,
    f.name_before || ', ' || min(f.country_before) as ledger_says,
    f.name || ', ' || coalesce(min(f.from_country), min(f.to_country)) as source_says,
    0::bigint as net_tpp,
    0::bigint as other_tpp,
    (count(*) * coalesce(min(d.tpp), (select max(m.tpp) from device as m)))::bigint as at_stake_tpp,
    false as is_critical
from followed as f
left join device as d on f.device_id = d.device_id
where
    f.name_before is not null
    and (f.source = 'shipments' or differs(f.from_country, f.country_before))
group by f.source, f.row_id, f.name, f.name_before;
