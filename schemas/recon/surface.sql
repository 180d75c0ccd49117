-- found: adds one row per break that shows whatever else agrees: licenses used before or after their days,
-- licenses used beyond what they hold, what the ledger itself has without a license, and goods that went to
-- another country.

-- gone: one row per line, be it an export or a reexport, with what its breaks are called and whose they are.
create view gone as
select
    l.*,
    case
        when l.seq in (select t.seq from late_transfer as t) then 'reexports'
        else 'declarations'
    end as told_by,
    coalesce(l.itn || coalesce('/' || l.line_no, ''), 'entry ' || l.seq) as key
from line as l
union all
select
    m.*,
    'reexports' as told_by,
    m.reference as key
from moved as m;

-- expired_use: one row per declaration or reexport of a day on which its license was not in force.
create table expired_use as
select
    'declarations' as source,
    d.row_id,
    d.itn || '/' || d.line_no as key,
    d.license_no,
    d.device_id,
    d.exported_on as used_on,
    k.issued_on,
    k.expires_on
from declaration as d
inner join license_known as k
    on d.license_no = k.license_no and (d.exported_on > k.expires_on or d.exported_on < k.issued_on)
where
    not d.is_cancelled and d.quarantine is null
    and d.row_id not in (select o.row_id from lone_told as o where o.source = 'declarations')
union all
-- a license is used when the goods leave, whenever they arrive
select
    'reexports' as source,
    t.row_id,
    t.reference as key,
    t.license_no,
    t.device_id,
    t.first_on as used_on,
    k.issued_on,
    k.expires_on
from transfer as t
inner join license_known as k
    on t.license_no = k.license_no and (t.first_on > k.expires_on or t.first_on < k.issued_on)
where t.quarantine is null;

-- The day is then what is wrong with it: that is said once.
delete from found
where code = 'PERIOD' and (source, key) in (select (e.source, e.key) from expired_use as e);

insert into found by name
select
    'EXPIRED_USE' as code,
    e.key,
    '' as scope,
    e.source,
    min(l.country) as country,
    min(e.license_no) as license_no,
    min(coalesce(l.device_id, e.device_id)) as device_id,
    list(l.seq order by l.seq) as seqs,
    min(e.row_id) as row_id,
    min(e.used_on) as on_day,
    min(
        case when e.used_on > e.expires_on then 'expired ' || e.expires_on else 'issued ' || e.issued_on end
    ) as ledger_says,
    min(e.used_on)::varchar as source_says,
    0::bigint as net_tpp,
    0::bigint as other_tpp,
    sum(l.tpp)::bigint as at_stake_tpp,
    false as is_critical
from expired_use as e
-- serial numbers (K5) lead back to where the goods were before
inner join pair as p on e.source = p.source::varchar and e.row_id = p.row_id and p.match_key <> 'K5'
inner join gone as l on p.seq = l.seq
-- a day that a time zone may have moved beyond the last one is that last one
where not (is_same_day(e.used_on, l.on_day) and l.on_day between e.issued_on and e.expires_on)
group by e.source, e.key;

insert into found by name
select
    'EXPIRED_USE' as code,
    l.key,
    '' as scope,
    l.told_by as source,
    min(l.country) as country,
    min(l.license_no) as license_no,
    min(l.device_id) as device_id,
    list(l.seq order by l.seq) as seqs,
    min(l.on_day) as on_day,
    min(
        case when l.on_day > k.expires_on then 'expired ' || k.expires_on else 'issued ' || k.issued_on end
    ) as ledger_says,
    min(l.on_day)::varchar as source_says,
    0::bigint as net_tpp,
    0::bigint as other_tpp,
    sum(l.tpp)::bigint as at_stake_tpp,
    false as is_critical
from gone as l
inner join license_known as k
    on l.license_no = k.license_no and (l.on_day > k.expires_on or l.on_day < k.issued_on)
where
    l.kind = 'overrun'
    and l.seq not in (select unnest(f.seqs) from found as f where f.code = 'EXPIRED_USE')
group by l.told_by, l.key;

insert into found by name
select
    'UNLICENSED_EXPORT' as code,
    l.key,
    '' as scope,
    l.told_by as source,
    min(l.country) as country,
    min(l.device_id) as device_id,
    list(l.seq order by l.seq) as seqs,
    min(l.on_day) as on_day,
    case
        when bool_and(l.quantity is not null) then sum(l.quantity)::varchar
        else format('{:,} TPP', sum(l.tpp))
    end as ledger_says,
    'no license' as source_says,
    0::bigint as net_tpp,
    0::bigint as other_tpp,
    sum(l.tpp)::bigint as at_stake_tpp,
    false as is_critical
from gone as l
where
    l.license_no is null
    and l.seq not in (
        select unnest(f.seqs)
        from found as f
        where f.code in ('UNLICENSED_EXPORT', 'UNKNOWN_LICENSE', 'TREATMENT')
    )
group by l.told_by, l.key;

-- What was used of a license is what the ledger says, and what others have seen beyond it.
insert into found by name
with beyond as (
    select
        l.license_no,
        l.told_by,
        l.tpp
    from gone as l
    where l.kind = 'overrun' and l.license_no is not null
    union all
    select
        f.license_no,
        f.source as told_by,
        -f.net_tpp - f.other_tpp as tpp
    from found as f
    where
        f.source in ('declarations', 'reexports')
        and f.license_no is not null and f.net_tpp + f.other_tpp < 0
        and f.code not in ('DUPLICATE', 'UNIT', 'UNKNOWN_LICENSE')
),

-- what lapsed unused may still be declared late
room as (
    select
        x.*,
        x.outstanding_tpp + case x.license_state when 'expired' then x.released_tpp else 0 end as room_tpp
    from license_held as x
),

used as (
    select
        b.license_no,
        -- of both it is customs' break
        min(b.told_by) as told_by,
        sum(b.tpp)::bigint as tpp
    from beyond as b
    group by b.license_no
)

select
    'OVER_LICENSE' as code,
    h.license_no as key,
    '' as scope,
    u.told_by as source,
    h.country,
    h.license_no,
    h.device_id,
    (h.licensed_tpp - h.released_tpp)::varchar as ledger_says,
    (h.licensed_tpp - h.released_tpp - h.outstanding_tpp + u.tpp)::varchar as source_says,
    0::bigint as net_tpp,
    0::bigint as other_tpp,
    u.tpp - h.room_tpp as at_stake_tpp,
    false as is_critical
from used as u
inner join room as h on u.license_no = h.license_no
where u.tpp > h.room_tpp;

-- What is charged to another country's license than a source says: the country is what is wrong.
update found set
    code = 'COUNTRY',
    ledger_says = found.country,
    source_says = found.other_country
where
    code = 'TREATMENT' and source in ('declarations', 'shipments')
    and license_no is not null and other_country is not null;

update found set is_critical = true
where
    code in ('TREATMENT', 'UNKNOWN_LICENSE') and source in ('declarations', 'shipments')
    and seqs is not null and other_country is not null;

-- misplaced: one row per delivery that was matched with lines that customs cancelled, and is of another
-- quantity, where customs still has another line of that ITN and the vendor nothing of it. `seq`: that line,
-- where the ledger has it; `is_same`: it is of as many pieces as the delivery.
create table misplaced as
select
    c.match_key,
    c.set_no,
    c.seqs,
    p.seq,
    d.row_id,
    pieces(d.quantity, d.unit) = c.told_quantity as is_same
from compared as c
inner join found as f
    on f.source = 'declarations' and f.code = 'CANCELLED_AT_SOURCE' and c.seqs = f.seqs
inner join line as l on c.seqs[1] = l.seq
inner join declaration as d
    on
        l.itn = d.itn and not d.is_cancelled and d.quarantine is null
        and not differs(c.told_license_no, d.license_no)
left join pair as p on p.source = 'declarations' and d.row_id = p.row_id
left join lone_line as o on o.source = 'shipments' and p.seq = o.seq
where
    c.source = 'shipments' and differs(c.quantity, c.told_quantity)
    and (p.seq is null or o.seq is not null)
qualify
    row_number() over (partition by c.match_key, c.set_no order by is_same desc, d.row_id asc, p.seq asc) = 1
    and row_number() over (partition by d.row_id order by is_same desc, c.set_no asc) = 1;

-- It is then the delivery of that line, and what was cancelled has none.
delete from found
where
    source = 'shipments'
    and case
        when code in ('QUANTITY', 'UNIT', 'DUPLICATE', 'CUMULATIVE_AS_DELTA')
            then seqs in (select m.seqs from misplaced as m where m.is_same)
        when code in ('IN_TRANSIT', 'MISSING_IN_SOURCE')
            then seqs[1] in (select m.seq from misplaced as m where m.is_same)
        else false
    end;

delete from lone_line
where source = 'shipments' and seq in (select m.seq from misplaced as m where m.is_same);

insert into lone_line
select
    'shipments' as source,
    unnest(m.seqs) as seq
from misplaced as m
where m.is_same;

-- said: one row per line and source other than the one that a break is about, with what that source says of
-- the line.
create table said as
select
    c.source,
    unnest(case when m.set_no is null then c.seqs when m.is_same then [m.seq] end) as seq,
    case when m.set_no is null then c.quantity else l.quantity end as quantity,
    c.told_quantity,
    c.told_country,
    c.told_device_id,
    c.told_license_no,
    c.told_first_on
from compared as c
left join misplaced as m on c.source = 'shipments' and c.match_key = m.match_key and c.set_no = m.set_no
left join line as l on m.seq = l.seq
where c.source in ('declarations', 'shipments')
union all
-- under another license, which a vendor need not name
select
    a.source,
    a.seq,
    l.quantity,
    s.quantity as told_quantity,
    s.country as told_country,
    s.device_id as told_device_id,
    s.license_no as told_license_no,
    s.shipped_on as told_first_on
from apart as a
inner join line as l on a.seq = l.seq
inner join shipment as s on a.source = 'shipments' and a.row_id = s.row_id;
