-- One row per fault of the file or of an index of it, in SQLite's words; none where there is no fault.
-- Of entries, which are many and never change, an index is held to the numbers that it has: looking up each
-- of its keys, as integrity_check does, takes three times as long as all of this.
with numbered (kind, held, entries, sums, squares) as (
    select 'whole', 'entry', count(*), sum(seq), sum(seq * seq % 2147483647)
    from entry not indexed -- noqa: PRS
    union all
    select 'whole', 'sqlite_autoindex_entry_1', count(*), sum(seq), sum(seq * seq % 2147483647)
    from entry indexed by sqlite_autoindex_entry_1
    union all
    select 'whole', 'sqlite_autoindex_entry_2', count(*), sum(seq), sum(seq * seq % 2147483647)
    from entry indexed by sqlite_autoindex_entry_2
    union all
    select 'reversed', 'entry', count(*), sum(seq), sum(seq * seq % 2147483647)
    from entry not indexed
    where reverses_seq is not null
    union all
    select 'reversed', 'entry_reversed_once', count(*), sum(seq), sum(seq * seq % 2147483647)
    from entry indexed by entry_reversed_once
    where reverses_seq is not null
)

select 'index ' || ours.held || ' has other entries than its table' as fault
from numbered as ours
inner join numbered as theirs on ours.kind = theirs.kind and theirs.held = 'entry'
where
    (ours.entries, ours.sums, ours.squares) is not (theirs.entries, theirs.sums, theirs.squares)
union
select quick_check from pragma_quick_check
where quick_check <> 'ok'
union
select integrity_check from pragma_integrity_check('balance')
where integrity_check <> 'ok'
union
select integrity_check from pragma_integrity_check('event')
where integrity_check <> 'ok'
union
select integrity_check from pragma_integrity_check('head')
where integrity_check <> 'ok'
union
select integrity_check from pragma_integrity_check('refusal')
where integrity_check <> 'ok'
