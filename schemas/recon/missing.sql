-- found: adds one row per break for what only one side has: exports that customs does not know (once the five
-- days of 15 CFR 30.9 are over), and declarations and deliveries that the ledger does not know.
insert into found by name
select
    case
        when l.license_no is null then 'UNLICENSED_EXPORT'
        when l.on_day + t.transit_days >= least(t.as_of, c.as_of) then 'IN_TRANSIT'
        else 'MISSING_IN_SOURCE'
    end as code,
    coalesce(l.itn || coalesce('/' || l.line_no, ''), 'entry ' || l.seq) as key,
    case when l.license_no is null then '' else 'declarations' end as scope,
    'declarations' as source,
    l.country,
    l.license_no,
    l.device_id,
    [l.seq] as seqs,
    l.on_day,
    coalesce(l.quantity::varchar, format('{:,} TPP', l.tpp)) as ledger_says,
    'nothing' as source_says,
    l.tpp as net_tpp,
    0::bigint as other_tpp,
    l.tpp as at_stake_tpp,
    false as is_critical
from lone_line as o
inner join line as l on o.seq = l.seq
inner join coverage as c on o.source = c.source
left join owed as w on o.source = w.source and o.seq = w.seq
cross join terms as t
where o.source = 'declarations' and (l.on_day >= coalesce(c.from_on, l.on_day) or w.seq is not null);

-- A vendor is asked for its own devices, once it has reported any delivery at all, tonight or before; and not
-- for what customs is asked for.
insert into found by name
select
    case
        when l.on_day + t.transit_days >= least(t.as_of, c.as_of) then 'IN_TRANSIT'
        else 'MISSING_IN_SOURCE'
    end as code,
    coalesce(l.itn || coalesce('/' || l.line_no, ''), 'entry ' || l.seq) as key,
    'shipments' as scope,
    'shipments' as source,
    l.country,
    l.license_no,
    l.device_id,
    [l.seq] as seqs,
    l.on_day,
    coalesce(l.quantity::varchar, format('{:,} TPP', l.tpp)) as ledger_says,
    'nothing' as source_says,
    l.tpp as net_tpp,
    0::bigint as other_tpp,
    l.tpp as at_stake_tpp,
    false as is_critical
from lone_line as o
inner join line as l on o.seq = l.seq
inner join device as d on l.device_id = d.device_id
inner join coverage as c on o.source = c.source
left join owed as w on o.source = w.source and o.seq = w.seq
cross join terms as t
where
    o.source = 'shipments'
    and (
        w.seq is not null
        or (
            l.on_day >= coalesce(c.from_on, l.on_day)
            and (d.vendor in (from vendor_told) or list_contains(c.vendors, d.vendor))
        )
    )
    -- where later nights are not told of its day again, it is asked for by itself
    and (
        c.from_on is not null
        or o.seq not in (
            select unnest(f.seqs)
            from found as f
            where f.source = 'declarations' and f.source_says = 'nothing'
        )
    )
    -- what customs took back did not leave: the vendor bears that out
    and o.seq not in (select unnest(f.seqs) from found as f where f.code = 'CANCELLED_AT_SOURCE');

-- told_of_both: one row per delivery that the ledger does not know, and the declaration of the same goods.
create table told_of_both as
select
    v.row_id as shipment_row_id,
    d.row_id as declaration_row_id
from lone_told as v
inner join lone_told as d
    on
        v.source = 'shipments' and d.source = 'declarations'
        and v.row_id not in (select e.row_id from delivered_again as e)
        and coalesce(v.device_id = d.device_id, true)
        and (
            v.itn = d.itn
            or (v.license_no = d.license_no and v.quantity = d.quantity and abs(v.on_day - d.on_day) <= 3)
        )
qualify
    row_number() over (
        partition by v.row_id order by coalesce(v.itn = d.itn, false) desc, v.quantity <> d.quantity, d.row_id
    ) = 1
    and row_number() over (
        partition by d.row_id order by coalesce(v.itn = d.itn, false) desc, v.quantity <> d.quantity, v.row_id
    ) = 1;

-- told_again: one row per declaration or delivery that the ledger does not know, and that says what another
-- one says under another number: of the two the ledger knows the other, or vendor and customs do, or it came
-- first. What customs and a vendor both have twice left twice, but for the same serial numbers.
create table told_again as
with lone as (
    select
        o.source,
        o.row_id,
        o.row_id in (
            select case o.source when 'declarations' then b.declaration_row_id else b.shipment_row_id end
            from told_of_both as b
        ) as is_borne_out
    from lone_told as o
    where o.quarantine is null
)

select
    'declarations'::source_name as source,
    o.row_id,
    min(d.itn || '/' || d.line_no) as told_as
from lone as o
inner join declaration as x on o.row_id = x.row_id
inner join declaration as d
    on
        x.license_no = d.license_no and x.quantity = d.quantity and x.country = d.country
        and x.exported_on = d.exported_on and not differs(x.filer, d.filer)
        and not differs(x.consignee, d.consignee)
        and not differs(x.device_id, d.device_id)
        and not differs(x.unit, d.unit)
        and x.row_id <> d.row_id
left join lone as y on d.row_id = y.row_id and y.source = 'declarations'
where
    o.source = 'declarations' and not o.is_borne_out
    and not d.is_cancelled
    and (y.row_id is null or y.is_borne_out or y.row_id < o.row_id)
group by o.row_id
union all
select
    'shipments'::source_name as source,
    o.row_id,
    min(s.delivery_no || '/' || s.line_no) as told_as
from lone as o
inner join shipment as x on o.row_id = x.row_id
inner join shipment as s
    on
        x.device_id = s.device_id and x.quantity = s.quantity and x.country = s.country
        and x.shipped_on = s.shipped_on and not differs(x.license_no, s.license_no)
        and not differs(x.itn, s.itn)
        and not differs(x.consignee, s.consignee)
        and not differs(x.vendor, s.vendor)
        and x.serial_count = 0 and s.serial_count = 0
        and x.row_id <> s.row_id
left join lone as y on s.row_id = y.row_id and y.source = 'shipments'
where
    o.source = 'shipments' and not o.is_borne_out
    and (y.row_id is null or y.is_borne_out or y.row_id < o.row_id)
group by o.row_id
union all
select
    'shipments'::source_name as source,
    e.row_id,
    e.told_as
from delivered_again as e;

-- not_due: one row per declaration or delivery of a day after that of the run: a run that looks back does not
-- miss it yet. A day that even its own file cannot report on is no such day: the row was set aside for it.
create table not_due as
select
    o.source,
    o.row_id
from lone_told as o
inner join coverage as c on o.source = c.source
cross join terms as t
where o.on_day > t.as_of and not (o.quarantine is not null and o.on_day > c.as_of + 1);

insert into found by name
select
    case
        when o.quarantine is not null then o.quarantine
        when o.license_no is null and o.source = 'declarations' then 'UNLICENSED_EXPORT'
        when o.license_no is not null and k.license_no is null then 'UNKNOWN_LICENSE'
        when o.on_day not between k.issued_on and k.expires_on then 'EXPIRED_USE'
        when a.row_id is not null then 'DUPLICATE'
        else 'MISSING_IN_LEDGER'
    end as code,
    o.told_key as key,
    '' as scope,
    o.source::varchar as source,
    o.country,
    o.license_no,
    o.device_id,
    o.row_id,
    -- of a day to come that can be none: by then the file had told it, and a later one may take it back
    case when o.quarantine is not null and o.on_day > c.as_of then c.as_of else o.on_day end as on_day,
    case
        when o.quarantine is not null then 'nothing'
        when o.on_day > k.expires_on then 'expired ' || k.expires_on
        when o.on_day < k.issued_on then 'issued ' || k.issued_on
        when a.row_id is not null then a.told_as
        else 'nothing'
    end as ledger_says,
    coalesce(
        case when is_cell(o.quarantine) then q.value end,
        o.quantity::varchar,
        ''
    ) as source_says,
    -o.tpp as net_tpp,
    0::bigint as other_tpp,
    o.tpp as at_stake_tpp,
    false as is_critical
from lone_told as o
anti join not_due as n on o.source = n.source and o.row_id = n.row_id
inner join coverage as c on o.source = c.source
left join license_known as k on o.license_no = k.license_no
left join told_again as a on o.source = a.source and o.row_id = a.row_id
left join quarantined as q on o.source::varchar = q.source and o.row_id = q.row_id and o.quarantine = q.code
-- what a delivery says is told with its declaration, but for what the delivery alone was set aside for
left join told_of_both as b on o.source = 'shipments' and o.row_id = b.shipment_row_id
left join lone_told as d on d.source = 'declarations' and b.declaration_row_id = d.row_id
where b.shipment_row_id is null or (o.quarantine is not null and differs(o.quarantine, d.quarantine));
