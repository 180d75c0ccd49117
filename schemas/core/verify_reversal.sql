-- One row per reversal that is not the opposite of the entry it names, its day too, or not its only one.
with paired as (
    select
        r.seq,
        r.reverses_seq,
        r.kind || ' of ' || r.tpp || ' TPP, ' || r.quota || ', ' || coalesce(r.license_no || ', ', '')
        || r.effective_on as done,
        u.kind || ' of ' || o.tpp || ' TPP, ' || o.quota || ', ' || coalesce(o.license_no || ', ', '')
        || o.effective_on as undoing,
        count(*) over (partition by r.reverses_seq) as times
    from entry as r
    left join entry as o on r.reverses_seq = o.seq and o.seq < r.seq
    left join move as m on o.kind::varchar = m.kind
    left join move as u on m.source = u.target and m.target = u.source
    where r.reverses_seq is not null
)

select
    p.seq,
    'once: ' || coalesce(p.undoing, 'an earlier entry ' || p.reverses_seq) as expected,
    p.times || ' times: ' || p.done as found
from paired as p
where p.done is distinct from p.undoing or p.times > 1
order by p.seq
limit $most::bigint
