-- One row per run of days on which what a license or a country holds in a bucket was below zero by effective
-- day, as something was taken out on a day before it was put in: the first of these days, the last and the
-- lowest, and the entry that took the first below zero. Headroom is for verify_backdated.sql.
with leg as (
    select e.seq, e.reverses_seq, e.country, e.effective_on, e.license_no, m.source as bucket, -e.tpp as tpp
    from entry as e
    inner join move as m on e.kind::varchar = m.kind
    where e.programme = 'country' and m.source in ('licensed', 'exported', 'blocked')
    union all
    select e.seq, e.reverses_seq, e.country, e.effective_on, e.license_no, m.target as bucket, e.tpp
    from entry as e
    inner join move as m on e.kind::varchar = m.kind
    where e.programme = 'country' and m.target in ('licensed', 'exported', 'blocked')
),

account as (
    select
        e.country,
        e.bucket,
        case when e.bucket = 'blocked' then '' else coalesce(e.license_no, '') end as license_no,
        e.effective_on,
        e.seq,
        e.reverses_seq,
        e.tpp
    from leg as e
),

suspect as (
    select a.country, a.bucket, a.license_no
    from account as a
    group by a.country, a.bucket, a.license_no
    having min(a.effective_on) filter (a.tpp < 0) < max(a.effective_on) filter (a.tpp > 0)
),

moved as (
    select a.*
    from account as a
    semi join suspect as s on a.country = s.country and a.bucket = s.bucket and a.license_no = s.license_no
),

closing as (
    select
        m.country,
        m.bucket,
        m.license_no,
        m.effective_on as on_day,
        lead(m.effective_on)
            over (partition by m.country, m.bucket, m.license_no order by m.effective_on) - 1 as until_day,
        sum(sum(m.tpp))
            over (partition by m.country, m.bucket, m.license_no order by m.effective_on)::bigint as held_tpp
    from moved as m
    group by m.country, m.bucket, m.license_no, m.effective_on
),

numbered as (
    select
        c.*,
        count(*) filter (c.held_tpp >= 0)
            over (partition by c.country, c.bucket, c.license_no order by c.on_day) as run
    from closing as c
),

below as (
    select
        n.country,
        n.bucket,
        n.license_no,
        min(n.on_day) as on_day,
        arg_max_null(n.until_day, n.on_day) as until_day,
        min(n.held_tpp) as lowest_tpp
    from numbered as n
    where n.held_tpp < 0
    group by n.country, n.bucket, n.license_no, n.run
),

known as (
    select
        b.country,
        b.bucket,
        b.license_no,
        b.on_day,
        m.seq,
        m.reverses_seq,
        m.tpp,
        sum(m.tpp) over (
            partition by b.country, b.bucket, b.license_no, b.on_day
            order by m.seq rows between unbounded preceding and current row
        ) as held_tpp
    from below as b
    inner join moved as m
        on
            b.country = m.country
            and b.bucket = m.bucket
            and b.license_no = m.license_no
            and b.on_day >= m.effective_on
)

select
    b.country::varchar as country,
    b.bucket,
    b.license_no,
    b.on_day,
    b.until_day,
    b.lowest_tpp,
    max(k.seq) as seq
from below as b
inner join known as k
    on
        b.country = k.country
        and b.bucket = k.bucket
        and b.license_no = k.license_no
        and b.on_day = k.on_day
where k.held_tpp < 0 and k.held_tpp - k.tpp >= 0
group by b.country, b.bucket, b.license_no, b.on_day, b.until_day, b.lowest_tpp
-- the day of a reversal is that of what it undoes: nobody chose it
having arg_max(k.reverses_seq is null, k.seq)
order by b.on_day, b.country::varchar, b.bucket, b.license_no
