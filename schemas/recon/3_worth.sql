-- lawful: one row per thing that was set aside for the tier of its country, or for a day after the regime's
-- period, and is none, as the goods went there under a license that the ledger holds for that country, and
-- that was in force on their day, or had been: whoever was Tier 2 when it was issued is sent what it holds,
-- whatever tier that is now.
create table lawful as
with license_of as (
    select
        d.itn,
        min(d.license_no) as license_no
    from declaration as d
    group by d.itn
    having count(distinct d.license_no) = 1
)

select
    q.rowid as quarantined_id,
    q.source,
    q.row_id
from quarantined as q
left join shipment as s on q.source = 'shipments' and q.row_id = s.row_id
left join license_of as o on s.itn = o.itn
left join declaration_version as d on q.source = 'declarations' and q.row_id = d.row_id
left join reexport_version as r on q.source = 'reexports' and q.row_id = r.row_id
inner join coverage as c on q.source = c.source
inner join license_held as h
    on
        coalesce(q.license_no, o.license_no) = h.license_no
        and q.country = h.country
        and coalesce(d.exported_on, s.shipped_on, r.moved_on) >= h.issued_on
where
    q.source <> 'licenses'
    and (
        (
            q.code = 'COUNTRY' and q.column_name = 'country'
            and coalesce(d.exported_on, s.shipped_on, r.moved_on) <= coalesce(h.released_on, h.expires_on)
        )
        -- what left after its license expired is told as that; else the day is one that has not come
        or (q.code = 'PERIOD' and coalesce(d.exported_on, s.shipped_on, r.moved_on) <= c.as_of + 1)
    );

delete from quarantined
where rowid in (select w.quarantined_id from lawful as w);

-- first_amiss: one row per row that had one of these: the code of what else is amiss with it, if anything is.
create table first_amiss as
select
    w.source,
    w.row_id,
    arg_min(q.code, q.rowid) as code
from lawful as w
left join quarantined as q on w.source = q.source and w.row_id = q.row_id
group by w.source, w.row_id;

update feed.told_of_declarations as t set quarantine = a.code
from first_amiss as a
where a.source = 'declarations' and t.rowid = a.row_id;

update feed.told_of_shipments as t set quarantine = a.code
from first_amiss as a
where a.source = 'shipments' and t.rowid = a.row_id;

update feed.told_of_reexports as t set quarantine = a.code
from first_amiss as a
where a.source = 'reexports' and t.rowid = a.row_id;

-- What is not set aside is not counted as such.
update source_count as c set quarantined = c.quarantined - n.sound
from (
    select
        a.source,
        coalesce(d.filer, s.vendor, r.reporter, '') as filer,
        count(*) as sound
    from first_amiss as a
    left join declaration_version as d on a.source = 'declarations' and a.row_id = d.row_id
    left join shipment_version as s on a.source = 'shipments' and a.row_id = s.row_id
    left join reexport_version as r on a.source = 'reexports' and a.row_id = r.row_id
    where a.code is null
    group by all
) as n
where c.source = n.source and coalesce(c.filer, '') = n.filer;

-- license_devices: one row per license that the ledger holds, with the devices that it is for: those that its
-- entries name, else those that the office names, or that left under it.
create table license_devices as
with named as (
    select
        x.license_no,
        list(distinct x.device_id) filter (x.device_id is not null) as device_ids
    from (
        select
            l.license_no,
            l.device_id
        from line as l
        union all
        select
            t.license_no,
            t.device_id
        from license_told as t
    ) as x
    semi join (select h.license_no from license_held as h where len(h.device_ids) = 0) as h
        on x.license_no = h.license_no
    group by x.license_no
)

select
    h.license_no,
    case when len(h.device_ids) > 0 then h.device_ids else coalesce(n.device_ids, []) end as device_ids
from license_held as h
left join named as n on h.license_no = n.license_no;

-- license_bound: one row per license of several devices, with the least and the most that a piece of it is
-- worth, by the catalogue or the maker.
create table license_bound as
select
    n.license_no,
    min(least(d.tpp, d.declared_tpp)) as least_tpp,
    max(greatest(d.tpp, d.declared_tpp)) as most_tpp
from license_devices as n
inner join device as d on list_contains(n.device_ids, d.device_id)
where len(n.device_ids) > 1
group by n.license_no;

-- license_worth: one row per license of one device whose TPP per piece is known: as the licensing office
-- states it where that is the TPP of its device, or near it (else the row was set aside for it), else as the
-- ledger does, else as the catalogue has it. Of several devices there is none: no piece is worth their mean.
-- `license_known`: one row per license that either knows, with the days between which it may be used.
create table license_worth as
with disputed as (
    select q.row_id
    from quarantined as q
    where q.source = 'licenses' and q.column_name = 'licensed_tpp'
),

-- less what the office says of another device than the ledger has: no such device left
meant as (
    select t.*
    from license_told as t
    left join license_devices as n on t.license_no = n.license_no
    where coalesce(len(n.device_ids), 0) <= 1 and coalesce(t.device_id = n.device_ids[1], true)
),

stated as (
    select
        t.license_no,
        t.device_id,
        t.licensed_tpp // t.quantity as piece_tpp,
        -- what is stated of a device that nobody knows is all there is only where the ledger has nothing
        case when t.device_id is null then 4 else 1 end as place
    from meant as t
    anti join disputed as d on t.row_id = d.row_id
    where t.quantity > 0 and t.licensed_tpp % t.quantity = 0
    union all
    select
        h.license_no,
        h.device_id,
        h.licensed_tpp // h.quantity as piece_tpp,
        2 as place
    from license_held as h
    inner join license_devices as n on h.license_no = n.license_no
    where h.quantity > 0 and h.licensed_tpp % h.quantity = 0 and len(n.device_ids) <= 1
    union all
    select
        t.license_no,
        t.device_id,
        c.tpp as piece_tpp,
        3 as place
    from meant as t
    semi join disputed as d on t.row_id = d.row_id
    inner join device as c on t.device_id = c.device_id
)

select
    s.license_no,
    arg_min(s.device_id, s.place) as device_id,
    arg_min(s.piece_tpp, s.place) as piece_tpp
from stated as s
group by s.license_no;

create table license_known as
select
    coalesce(h.license_no, t.license_no) as license_no,
    coalesce(h.issued_on, t.issued_on) as issued_on,
    coalesce(h.expires_on, t.expires_on) as expires_on,
    h.license_no is not null as is_held
from license_held as h
full join license_told as t on h.license_no = t.license_no;
