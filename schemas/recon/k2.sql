-- k2_only: one row per ITN and license under which one device is named, with that device: it is meant where
-- none is named, by customs, or by what was posted by TPP alone.
create or replace table k2_only as
with named as (
    select
        l.itn,
        l.license_no,
        l.device_id
    from left_line as l
    where l.itn is not null and l.device_id is not null
    union all
    select
        t.itn,
        t.license_no,
        t.device_id
    from left_told as t
    semi join (select l.* from left_line as l where l.device_id is null) as l
        on t.itn = l.itn and t.license_no = l.license_no
    where t.device_id is not null
)

select
    n.itn,
    n.license_no,
    min(n.device_id) as device_id
from named as n
group by n.itn, n.license_no
having count(distinct n.device_id) = 1;

-- k2_line, k2_told: one row per line, and per row of the source, that names an ITN and a license, with the
-- device it must be where it names none.
create or replace table k2_line as
select
    l.seq,
    l.itn,
    l.line_no,
    l.license_no,
    l.country,
    l.on_day,
    l.quantity,
    coalesce(l.device_id, o.device_id, '') as likely_device_id
from left_line as l
left join k2_only as o on l.itn = o.itn and l.license_no = o.license_no
where l.itn is not null and l.license_no is not null;

create or replace table k2_told as
select
    t.*,
    coalesce(t.device_id, o.device_id, '') as likely_device_id
from left_told as t
left join k2_only as o on t.itn = o.itn and t.license_no = o.license_no
where t.itn is not null and t.license_no is not null;

-- k2_group: one row per ITN, license and device that both sides have; `one_line` where the ledger has one
-- line of it at most, and `one_row` where the source has it on one row too, which the ledger may have posted
-- in parts.
create or replace table k2_group as
with ours as (
    select
        l.itn,
        l.license_no,
        l.likely_device_id,
        min(l.seq) as group_no,
        count(distinct coalesce(l.line_no, 0)) = 1 as one_line
    from k2_line as l
    group by all
),

theirs as (
    select
        t.itn,
        t.license_no,
        t.likely_device_id,
        count(*) = 1 as one_row
    from k2_told as t
    group by all
)

select
    o.itn,
    o.license_no,
    o.likely_device_id,
    o.group_no,
    o.one_line,
    o.one_line and t.one_row as one_row
from ours as o
inner join theirs as t
    on o.itn = t.itn and o.license_no = t.license_no and o.likely_device_id = t.likely_device_id;

create or replace table k2_ours as
select
    g.group_no,
    g.one_line,
    g.one_row,
    l.seq,
    l.quantity,
    l.country,
    l.on_day,
    row_number() over (partition by g.group_no, l.quantity, l.country, l.on_day order by l.seq) as place
from k2_line as l
inner join k2_group as g
    on l.itn = g.itn and l.license_no = g.license_no and l.likely_device_id = g.likely_device_id;

create or replace table k2_theirs as
select
    g.group_no,
    t.row_id,
    t.quantity,
    t.country,
    t.on_day,
    row_number() over (partition by g.group_no, t.quantity, t.country, t.on_day order by t.row_id) as place
from k2_told as t
inner join k2_group as g
    on t.itn = g.itn and t.license_no = g.license_no and t.likely_device_id = g.likely_device_id;

-- Rows of the same quantity, country and day are each other's; then those of the same quantity, by country
-- and day, in whatever order a file has them.
create or replace table k2_pair as
select
    o.seq as set_no,
    o.seq,
    h.row_id
from k2_ours as o
inner join k2_theirs as h
    on
        o.group_no = h.group_no and o.quantity = h.quantity
        and o.country = h.country and o.on_day = h.on_day and o.place = h.place
where not o.one_row;

insert into k2_pair
with ours as (
    select
        o.group_no,
        o.quantity,
        o.seq,
        row_number() over (
            partition by o.group_no, o.quantity order by o.country, o.on_day, o.seq
        ) as place
    from k2_ours as o
    where not o.one_row and o.seq not in (select p.seq from k2_pair as p)
),

theirs as (
    select
        h.group_no,
        h.quantity,
        h.row_id,
        row_number() over (
            partition by h.group_no, h.quantity order by h.country, h.on_day, h.row_id
        ) as place
    from k2_theirs as h
    where h.row_id not in (select p.row_id from k2_pair as p)
)

select
    o.seq as set_no,
    o.seq,
    h.row_id
from ours as o
inner join theirs as h on o.group_no = h.group_no and o.quantity = h.quantity and o.place = h.place;

-- Of what is left of a group, the whole is one sum where either side has one row, or where the sums agree;
-- else rows are taken in their order.
insert into k2_pair
with ours as (
    select
        o.*,
        count(*) over (partition by o.group_no) as members,
        sum(o.quantity) over (partition by o.group_no) as sum_quantity,
        min(o.seq) over (partition by o.group_no) as first_seq,
        row_number() over (partition by o.group_no order by o.seq) as nth
    from k2_ours as o
    where o.seq not in (select p.seq from k2_pair as p)
),

theirs as (
    select
        h.*,
        count(*) over (partition by h.group_no) as members,
        sum(h.quantity) over (partition by h.group_no) as sum_quantity,
        row_number() over (partition by h.group_no order by h.row_id) as nth
    from k2_theirs as h
    where h.row_id not in (select p.row_id from k2_pair as p)
),

grouped as (
    select
        o.group_no,
        min(o.first_seq) as first_seq,
        min(
            coalesce(o.sum_quantity = h.sum_quantity, false)
            or (o.one_line and (o.members = 1 or h.members = 1))
        ) as is_whole
    from ours as o
    inner join theirs as h on o.group_no = h.group_no
    group by o.group_no
),

zipped as (
    select
        coalesce(o.group_no, h.group_no) as group_no,
        o.seq,
        h.row_id
    from ours as o
    full join theirs as h on o.group_no = h.group_no and o.nth = h.nth
)

select
    case when g.is_whole then g.first_seq else z.seq end as set_no,
    z.seq,
    z.row_id
from zipped as z
inner join grouped as g on z.group_no = g.group_no
where g.is_whole or (z.seq is not null and z.row_id is not null);

insert into pair_kept
select
    n.source,
    'K2' as match_key,
    p.set_no,
    p.seq,
    p.row_id
from k2_pair as p
cross join now_source as n;

-- What the source cancelled and the ledger still has, by ITN and license.
insert into pair_kept
select
    n.source,
    'K2' as match_key,
    l.seq as set_no,
    l.seq,
    min(c.row_id) as row_id
from left_line as l
inner join left_cancelled as c on l.itn = c.itn and l.license_no = c.license_no
cross join now_source as n
where
    l.seq not in (select p.seq from k2_pair as p where p.seq is not null)
    and coalesce(l.line_no = c.line_no, true)
group by n.source, l.seq;
