-- One row an entry out of order: seq goes up by one, recorded_at goes up, and each continues the one before.
with paired as (
    select
        e.seq,
        e.recorded_at,
        lag(e.seq, 1, 0) over by_seq as last_seq,
        lag(e.recorded_at) over by_seq as last_at
    from entry as e
    window by_seq as (order by e.seq)
)

select
    p.seq,
    'entry ' || (p.last_seq + 1) || ', recorded after ' || coalesce(p.last_at::varchar, 'nothing')
        as expected,
    'entry ' || p.seq || ', recorded at ' || p.recorded_at as found
from paired as p
where p.seq <> p.last_seq + 1 or p.recorded_at <= p.last_at
order by p.seq
limit $most::bigint
