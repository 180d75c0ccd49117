-- One row a crossing: the entry after which a country's balance state was another one, in either direction.
create view state_event as
with allocated as (
    select
        e.seq,
        e.country,
        e.recorded_at,
        e.effective_on,
        n.headroom_after_tpp,
        sum(case e.kind when 'allocate' then e.tpp when 'withdraw' then -e.tpp else 0 end) over (
            partition by e.country order by e.seq rows between unbounded preceding and current row
        )::bigint as allocated_tpp
    from entry as e
    inner join running() as n on e.seq = n.seq
),

stated as (
    select
        a.*,
        balance_state(
            a.allocated_tpp, a.headroom_after_tpp, r.h100_tpp, r.watch_percent, r.critical_percent
        ) as to_state
    from allocated as a
    cross join regime as r
),

compared as (
    select
        s.*,
        lag(s.to_state) over (partition by s.country order by s.seq) as from_state
    from stated as s
)

select
    c.seq,
    c.country::varchar as country,
    c.effective_on,
    c.recorded_at,
    c.from_state,
    c.to_state,
    c.allocated_tpp,
    c.headroom_after_tpp
from compared as c
where c.from_state is distinct from c.to_state
order by c.seq;
