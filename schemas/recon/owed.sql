-- vendor_told: one row per vendor that told of a delivery tonight.
create table vendor_told as
select distinct d.vendor
from shipment as s
inner join device as d on s.device_id = d.device_id;

-- owed: one row per source and export that it did not know on an earlier night, or what stands in its place;
-- or that was posted since, of a day before those that the files of tonight cover, unless an open break says
-- what the source told of it: it is looked for all the same.
create table owed as
with asked_vendor as (
    select
        l.seq,
        list_contains(c.vendors, d.vendor) or d.vendor in (from vendor_told) as is_asked
    from line as l
    inner join device as d on l.device_id = d.device_id
    inner join coverage as c on c.source = 'shipments'
),

missed as (
    select
        c.source,
        b.key,
        unnest(b.seqs) as seq
    from still_open as b
    inner join coverage as c on b.source = c.source
    where b.is_missed and c.from_on is not null
    union all
    select
        c.source,
        null as key,
        unnest(c.waits) as seq
    from coverage as c
),

corrected as (
    select
        l.seq,
        unnest(l.corrects_seqs) as corrects_seq
    from line as l
    where l.corrects_seqs is not null
)

select
    m.source,
    m.seq
from missed as m
union
select
    m.source,
    l.seq
from missed as m
inner join line as l on m.key = l.itn || '/' || l.line_no
union
select
    m.source,
    c.seq
from missed as m
inner join corrected as c on m.seq = c.corrects_seq
union
select
    c.source,
    l.seq
from coverage as c
inner join line as l on l.seq > c.since_seq and l.on_day < c.from_on
left join asked_vendor as v on l.seq = v.seq
where
    l.is_anew
    and (c.source = 'declarations' or (c.source = 'shipments' and v.is_asked))
    and not exists (
        select 1
        from still_open as b
        where
            b.source_says <> 'nothing'
            and (b.source = c.source or b.source = 'declarations')
            and (
                split_part(b.key, '/', 1) = l.itn
                or list_contains(b.seqs, l.seq)
                or (
                    b.license_no = l.license_no and b.source_says = l.quantity::varchar
                    and abs(b.on_day - l.on_day) <= 3
                )
            )
    );

-- told_earlier: one row per source and export of a day before those that its files of tonight cover, of which
-- it told on an earlier night and nothing is open: no row of tonight is about it, but for one that names its
-- ITN.
create table told_earlier as
with still as (
    select distinct
        a.source,
        unnest(a.seqs) as seq
    from awaited as a
)

select
    c.source,
    l.seq
from coverage as c
inner join line as l on l.on_day < c.from_on
left join owed as w on c.source = w.source and l.seq = w.seq
left join still as s on c.source = s.source and l.seq = s.seq
where w.seq is null and s.seq is null and c.waits is not null;
