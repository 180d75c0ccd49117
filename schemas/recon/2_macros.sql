-- Words that the passes share, a macro each: how many pieces a unit is, what an amount is worth, what is
-- missing, what adds up. A unit counts so many pieces, or is read as if it were one: a declaration in systems
-- then shows as a ratio (UNIT).
create macro pieces(quantity, unit) as
    quantity
    * case unit
        when 'PR' then 2
        when 'PRS' then 2
        when 'DOZ' then 12
        when 'HUN' then 100
        when 'GRS' then 144
        when 'THS' then 1000
        else 1
    end;

-- Two days that may be told apart by a time zone are the same.
create macro is_same_day(a, b) as abs(a - b) <= 1;

-- Where one figure is a whole multiple of another by which chips, systems and thousands are taken for each
-- other.
create macro is_ratio(a, b) as
    a > 0 and b > 0
    and list_contains([2, 4, 8, 16, 36, 72, 1000], greatest(a, b) // least(a, b))
    and greatest(a, b) % least(a, b) = 0;

-- Names that may be the same firm's: of 100, by how much two names are alike.
create macro likeness(a, b) as
    (100 * jaro_winkler_similarity(lower(strip_accents(a)), lower(strip_accents(b))))::integer;

-- A name in lower case, its words in the order of the alphabet.
create macro in_words(name) as
    array_to_string(
        list_sort(string_split_regex(lower(strip_accents(name)), '[^\p{L}\p{N}]+')), ' '
    );

-- Names that read as two firms' names, also where words changed places. Firms are written in several ways
-- (what they are called for short, their legal form), so only what is hardly alike is another name.
create macro is_another_name(a, b) as
    case when likeness(a, b) >= 70 then false else likeness(in_words(a), in_words(b)) < 70 end;

-- Two values of which either may be missing.
create macro differs(a, b) as a is distinct from b;

-- One row per member of a set that adds up to what its one side wanted: `near` names a relation of pairs
-- (one, wanted, window_days, member, on_day, quantity). A set is a running sum of quantities, from either
-- end, that comes out even within the split window; a member is in one set.
create macro adding_up(near) as table
with running as (
    select
        n.*,
        sum(n.quantity) over from_first as up,
        sum(n.quantity) over from_last as down,
        count(*) over from_first as nth_up,
        count(*) over from_last as nth_down
    from query_table(near) as n
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
    having bool_and(s.taken_by = s.one) and max(s.on_day) - min(s.on_day) <= max(s.window_days)
)

select
    s.one,
    s.member
from sets as s
semi join good as g on s.one = g.one;

-- Whether a row names another customs filing than the one that an export is told under.
create macro is_other_itn(own_itn, told_itn) as
coalesce(own_itn <> told_itn and regexp_full_match(told_itn, 'X\d{14}'), false);
