-- said: one row a line and a source other than the one that a break is about, with what that source says of
-- the line.
create table said as
select
    c.source,
    unnest(c.seqs) as seq,
    c.told_quantity,
    c.told_country,
    c.told_device_id,
    c.told_license_no,
    c.told_first_on
from compared as c
where c.source in ('declarations', 'shipments');

-- at_issue: one row a break and a line that it is about.
create or replace table at_issue as
select
    f.rowid as found_id,
    f.code,
    f.source,
    f.ledger_says,
    f.source_says,
    unnest(f.seqs) as seq
from found as f
where f.source in ('declarations', 'shipments') and f.seqs is not null;

-- What a vendor says where customs says something else than the ledger.
create table third as
select
    a.found_id,
    min(
        case
            when a.code = 'COUNTRY' then s.told_country
            when a.code = 'DEVICE' then s.told_device_id
            when a.code = 'TREATMENT' then s.told_license_no
            when a.code = 'PERIOD' then s.told_first_on::varchar
            else s.told_quantity::varchar
        end
    ) as says,
    min(
        case
            when a.code in ('MISSING_IN_SOURCE', 'IN_TRANSIT', 'CANCELLED_AT_SOURCE') then 'ledger+shipments'
            when a.code = 'PERIOD' and is_same_day(s.told_first_on, try_cast(a.source_says as date))
                then 'declarations+shipments'
            when a.code = 'PERIOD' and is_same_day(s.told_first_on, try_cast(a.ledger_says as date))
                then 'ledger+shipments'
            when
                a.source_says = case a.code
                    when 'COUNTRY' then s.told_country when 'DEVICE' then s.told_device_id
                    when 'TREATMENT' then s.told_license_no else s.told_quantity::varchar
                end
                then 'declarations+shipments'
            when
                a.ledger_says = case a.code
                    when 'COUNTRY' then s.told_country when 'DEVICE' then s.told_device_id
                    when 'TREATMENT' then s.told_license_no else s.told_quantity::varchar
                end
                then 'ledger+shipments'
        end
    ) as agree
from at_issue as a
inner join said as s on a.seq = s.seq and s.source = 'shipments'
where a.source = 'declarations'
group by a.found_id;

update found
set third_says = t.says, agree = t.agree
from third as t
where found.rowid = t.found_id;

-- asked: one row a line that a vendor would have reported: of its devices, on a day that its feed covers.
create table asked as
select
    o.seq,
    o.seq in (select b.seq from lone_line as b where b.source = 'declarations') as is_lone_at_customs
from lone_line as o
inner join line as l on o.seq = l.seq
inner join device as d on l.device_id = d.device_id
inner join coverage as c on o.source = c.source
where
    o.source = 'shipments' and l.on_day >= coalesce(c.from_on, l.on_day)
    and d.vendor in (select x.vendor from shipment as s inner join device as x on s.device_id = x.device_id);

-- Neither customs, which has nothing of it or took it back, nor the vendor knows of it.
update found
set third_says = 'nothing', agree = 'declarations+shipments'
where
    source = 'declarations' and code in ('MISSING_IN_SOURCE', 'CANCELLED_AT_SOURCE')
    and rowid in (
        select i.found_id
        from at_issue as i
        inner join asked as k on i.seq = k.seq
        where i.code = 'CANCELLED_AT_SOURCE' or k.is_lone_at_customs
    );

-- What the ledger does not know, and both customs and the vendor do.
update found
set
    third_says = v.quantity::varchar,
    agree = case when v.quantity::varchar = found.source_says then 'declarations+shipments' end
from told_of_both as b, lone_told as v
where
    found.source = 'declarations' and found.seqs is null and found.row_id = b.declaration_row_id
    and v.source = 'shipments' and b.shipment_row_id = v.row_id;

-- A vendor's difference is the same break where customs has it too; else ledger and customs are two of three.
delete from found
where rowid in (
    select v.found_id
    from at_issue as v
    inner join at_issue as d on v.seq = d.seq and v.source = 'shipments' and d.source = 'declarations'
    where
        v.code = d.code
        or (
            v.code in ('QUANTITY', 'UNIT', 'DUPLICATE', 'CUMULATIVE_AS_DELTA')
            and d.code in ('QUANTITY', 'UNIT', 'DUPLICATE', 'CUMULATIVE_AS_DELTA')
        )
);

update found
set agree = 'ledger+declarations'
where
    source = 'shipments' and agree is null
    and code in ('QUANTITY', 'UNIT', 'COUNTRY', 'DEVICE', 'PERIOD', 'DUPLICATE', 'MISSING_IN_SOURCE')
    and rowid in (select i.found_id from at_issue as i)
    and rowid not in (
        select i.found_id
        from at_issue as i
        where
            i.seq in (select o.seq from lone_line as o where o.source = 'declarations')
            or i.seq in (select d.seq from at_issue as d where d.source = 'declarations')
    );
