-- vendor_told: one row per vendor that told of a delivery tonight.
create table vendor_told as
select distinct d.vendor
from shipment as s
inner join device as d on s.device_id = d.device_id;

-- owed: one row per source and export that it did not know on an earlier night, or what stands in its place:
-- it is looked for again, whatever days the files of tonight cover. And one per export that was posted since
-- the last declarations, of a day that these covered, unless an open break says what customs told of it.
create table owed as
with missed as (
    select
        a.source,
        a.key,
        unnest(a.seqs) as seq
    from awaited as a
    where a.is_missed
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
    c.source,
    l.seq
from coverage as c
inner join line as l
    on
        l.stood_seq > c.since_seq and l.on_day < c.from_on
        and l.on_day >= coalesce(c.asked_from, l.on_day)
where
    c.source = 'declarations'
    and not exists (
        select 1
        from still_open as b
        where
            b.source = c.source and b.source_says <> 'nothing'
            and (
                split_part(b.key, '/', 1) = l.itn
                or list_contains(b.seqs, l.seq)
                or (
                    l.itn is null
                    and b.license_no = l.license_no and b.source_says = l.quantity::varchar
                    and abs(b.on_day - l.on_day) <= 3
                )
            )
    );

-- told_earlier: one row per export of a day before those that the declarations of tonight cover, of which
-- customs told on an earlier night and nothing is open: what is declared tonight is another one, but for
-- what names its ITN or amends what was declared. (A vendor is not asked for every export: what it told is
-- not known.)
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
inner join line as l on l.on_day < c.from_on and l.on_day >= coalesce(c.asked_from, l.on_day)
left join owed as w on c.source = w.source and l.seq = w.seq
left join still as s on c.source = s.source and l.seq = s.seq
where c.source = 'declarations' and c.since_seq is not null and w.seq is null and s.seq is null;
