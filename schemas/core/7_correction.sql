-- One row per entry that was undone: by which, which was posted in its place, if any, and which was the
-- first, where what was undone had itself been posted in the place of another.
create view correction as
-- of a group, what is right stands beside what undoes: after it, or before it where others had drawn on the
-- wrong one; it stands before where more was posted so far than was undone
with recursive counted as (
    select
        e.seq,
        sum(case when e.reverses_seq is null then 1 else -1 end) over (
            partition by e.group_id order by e.seq rows between unbounded preceding and 1 preceding
        ) as ahead
    from entry as e
    where e.group_id in (select g.group_id from entry as g where g.reverses_seq is not null)
),

paired as (
    select
        u.reverses_seq as undone_seq,
        u.seq as undoing_seq,
        n.seq as instead_seq
    from entry as u
    left join counted as c on u.seq = c.seq
    left join entry as n
        on
            u.group_id = n.group_id
            and n.reverses_seq is null
            and u.seq + case when c.ahead > 0 then -1 else 1 end = n.seq
    where u.reverses_seq is not null
),

traced as (
    select
        p.undone_seq,
        p.undoing_seq,
        p.instead_seq,
        p.undone_seq as first_seq
    from paired as p
    where not exists (select 1 from paired as b where p.undone_seq = b.instead_seq)
    union all
    select
        p.undone_seq,
        p.undoing_seq,
        p.instead_seq,
        t.first_seq
    from traced as t
    inner join paired as p on t.instead_seq = p.undone_seq
)

select
    t.undone_seq,
    t.undoing_seq,
    t.instead_seq,
    min(t.first_seq) as first_seq
from traced as t
group by t.undone_seq, t.undoing_seq, t.instead_seq;
