-- One row per crossing: the entry after which a country's balance state was another one, in either direction.
-- Entries of one group are posted at once: the last of them in a country tells how they leave it.
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
        )::bigint as allocated_tpp,
        lead(e.group_id) over (partition by e.country order by e.seq) as next_group_id,
        e.group_id
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
    where a.group_id is null or a.next_group_id is null or a.group_id <> a.next_group_id
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
