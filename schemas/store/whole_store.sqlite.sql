-- One row per index that disagrees with its table, in SQLite's words for the small ones; none if none does.
-- Of entries, which are many and never change, an index is held to the numbers that it has, by their count
-- and two sums: looking up each of its keys, as integrity_check does, takes seven times as long as all this.
with counted (entries, sums, squares, reversals, reversal_sums, reversal_squares) as (
    select
        count(*),
        coalesce(sum(seq), 0),
        coalesce(sum(seq * seq % 2147483647), 0),
        count(reverses_seq),
        coalesce(sum(iif(reverses_seq is null, 0, seq)), 0),
        coalesce(sum(iif(reverses_seq is null, 0, seq * seq % 2147483647)), 0)
    from entry not indexed -- noqa: PRS
),

held (name, of_reversals, entries, sums, squares) as (
    select
        'sqlite_autoindex_entry_1',
        0,
        count(*),
        coalesce(sum(seq), 0),
        coalesce(sum(seq * seq % 2147483647), 0)
    from entry indexed by sqlite_autoindex_entry_1 -- noqa: PRS
    union all
    select
        'sqlite_autoindex_entry_2',
        0,
        count(*),
        coalesce(sum(seq), 0),
        coalesce(sum(seq * seq % 2147483647), 0)
    from entry indexed by sqlite_autoindex_entry_2
    union all
    select
        'entry_reversed_once',
        1,
        count(*),
        coalesce(sum(seq), 0),
        coalesce(sum(seq * seq % 2147483647), 0)
    from entry indexed by entry_reversed_once
    where reverses_seq is not null
)

select 'index ' || h.name || ' has other entries than its table' as fault
from held as h
cross join counted as c
where
    case
        when h.of_reversals
            then (h.entries, h.sums, h.squares) <> (c.reversals, c.reversal_sums, c.reversal_squares)
        else (h.entries, h.sums, h.squares) <> (c.entries, c.sums, c.squares)
    end
union all
select integrity_check from pragma_integrity_check('balance')
where integrity_check <> 'ok'
union all
select integrity_check from pragma_integrity_check('event')
where integrity_check <> 'ok'
union all
select integrity_check from pragma_integrity_check('head')
where integrity_check <> 'ok'
union all
select integrity_check from pragma_integrity_check('refusal')
where integrity_check <> 'ok'
