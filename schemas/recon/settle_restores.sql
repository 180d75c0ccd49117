-- fitting: one row per restore of which no export is named and the line of its license that it belongs to: of
-- as much TPP, and what customs took back or never had; else the one of which customs has what it leaves, by
-- number, or by license and day; else, where no reference says otherwise, the only one. Run until it settles
-- none.
create or replace table fitting as
with told as (
    select
        l.seq,
        bool_or(d.is_cancelled) as is_cancelled,
        bool_or(not d.is_cancelled) as is_standing,
        min(pieces(d.quantity, d.unit)) filter (not d.is_cancelled) as quantity
    from line as l
    inner join declaration as d
        on l.itn = d.itn and coalesce(l.line_no = d.line_no, true) and l.license_no = d.license_no
    where l.license_no in (select g.license_no from given_back as g)
    group by l.seq
),

lines as (
    select
        l.*,
        coalesce(t.is_cancelled, false) as is_cancelled,
        coalesce(t.is_standing, false) as is_standing,
        t.quantity as told_quantity,
        count(*) over (partition by l.license_no) as of_license,
        row_number() over (partition by l.license_no, l.tpp order by l.on_day, l.seq) as place
    from line as l
    left join told as t on l.seq = t.seq
    where l.license_no in (select g.license_no from given_back as g)
),

restores as (
    select
        g.*,
        row_number() over (partition by g.license_no, g.tpp order by g.on_day, g.seq) as place
    from given_back as g
),

likely as (
    select
        g.seq as restore_seq,
        l.seq,
        case when l.is_cancelled then 0 else 1 end as class,
        g.place = l.place as same_place
    from restores as g
    inner join lines as l on g.license_no = l.license_no and l.tpp = -g.tpp
    where not l.is_standing and coalesce(g.device_id = l.device_id, true)
    union all
    select
        g.seq as restore_seq,
        l.seq,
        2 as class,
        false as same_place
    from restores as g
    inner join lines as l on g.license_no = l.license_no and l.told_quantity = l.quantity + g.quantity
    where l.tpp > -g.tpp and coalesce(g.device_id = l.device_id, true)
    union all
    select
        g.seq as restore_seq,
        l.seq,
        3 as class,
        false as same_place
    from restores as g
    inner join lines as l on g.license_no = l.license_no and l.itn is null
    inner join declaration as d
        on
            l.license_no = d.license_no and pieces(d.quantity, d.unit) = l.quantity + g.quantity
            and abs(d.exported_on - l.on_day) <= 3 and not d.is_cancelled
    where l.tpp > -g.tpp and g.reference is null and coalesce(g.device_id = l.device_id, true)
    union all
    select
        g.seq as restore_seq,
        l.seq,
        4 as class,
        false as same_place
    from restores as g
    inner join lines as l on g.license_no = l.license_no and l.of_license = 1
    where l.tpp >= -g.tpp and g.reference is null and coalesce(g.device_id = l.device_id, true)
),

ranked as (
    select
        k.restore_seq,
        k.seq,
        row_number() over (
            partition by k.restore_seq order by k.class asc, k.same_place desc, k.seq asc
        ) as of_restore,
        row_number() over (
            partition by k.seq order by k.class asc, k.same_place desc, k.restore_seq asc
        ) as of_line
    from likely as k
)

select
    r.seq,
    g.seq as restore_seq,
    g.tpp,
    g.quantity
from ranked as r
inner join given_back as g on r.restore_seq = g.seq
where r.of_restore = 1 and r.of_line = 1;

update line
set
    tpp = line.tpp + f.tpp,
    is_whole = false,
    -- what was restored by TPP alone is so many pieces, where it comes out even
    quantity = case
        when f.quantity is not null then line.quantity + f.quantity
        when line.quantity::hugeint * f.tpp % line.tpp = 0
            then line.quantity + line.quantity::hugeint * f.tpp // line.tpp
    end
from fitting as f
where line.seq = f.seq;

delete from line where tpp = 0;

delete from given_back where seq in (select f.restore_seq from fitting as f);
