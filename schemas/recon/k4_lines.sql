-- One row a line of several that make up one row of the source: same license and device, days within the
-- split window, a running sum of quantities, from either end, that comes out even. Run until it adds none.
insert into pair_kept
with near as (
    select
        t.row_id as one,
        t.quantity as wanted,
        t.window_days,
        l.seq as member,
        l.on_day,
        l.quantity
    from left_told as t
    inner join left_line as l
        on
            t.license_no = l.license_no
            and coalesce(t.device_id = l.device_id, true)
            and t.quantity > l.quantity
            and abs(t.on_day - l.on_day) <= t.window_days
    where t.quarantine is null
),

running as (
    select
        n.*,
        sum(n.quantity) over from_first as up,
        sum(n.quantity) over from_last as down,
        count(*) over from_first as nth_up,
        count(*) over from_last as nth_down
    from near as n
    window
        from_first as (partition by n.one order by n.on_day, n.member),
        from_last as (partition by n.one order by n.on_day desc, n.member desc)
),

hit as (
    select
        r.one,
        min(r.nth_up) filter (r.up = r.wanted) as first_members,
        min(r.nth_down) filter (r.down = r.wanted) as last_members
    from running as r
    group by r.one
),

sets as (
    select
        r.one,
        r.member,
        min(r.one) over (partition by r.member) as taken_by,
        r.on_day,
        r.window_days
    from running as r
    inner join hit as h on r.one = h.one
    where
        (h.first_members >= 2 and r.nth_up <= h.first_members)
        or (h.first_members is null and h.last_members >= 2 and r.nth_down <= h.last_members)
),

good as (
    select s.one
    from sets as s
    group by s.one
    having bool_and(s.taken_by = s.one) and max(s.on_day) - min(s.on_day) <= min(s.window_days)
)

select
    (select n.source from now_source as n) as source,
    'K4' as match_key,
    s.one as set_no,
    s.member as seq,
    s.one as row_id
from sets as s
semi join good as g on s.one = g.one;
