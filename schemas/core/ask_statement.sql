-- One row per entry of one country, with the headroom after each, from a day on. The last two columns are for
-- its screen: the first word of why a license was released, and the headroom on the day before the first day.
with whole as (
    select
        s.*,
        e.to_headroom_tpp,
        regexp_extract(lower(e.reason), '^[a-z]+') as reason_word
    from statement($country, as_of := $as_of, known_at := $known_at) as s
    inner join entry as e on s.seq = e.seq
    where e.country::varchar = $country
)

select
    w.* exclude (to_headroom_tpp, reason_word),
    case when w.kind = 'release' and w.reverses_seq is null then w.reason_word end as released_as,
    (
        select coalesce(sum(b.to_headroom_tpp), 0)::bigint
        from whole as b
        where b.effective_on < $from_day::date
    ) as opening_tpp
from whole as w
where $from_day is null or w.effective_on >= $from_day::date
order by w.seq
