-- One row per ended license and tenth of its term: of what it held then, the share that was shipped later (in
-- thousandths), and after which part of its term the rest was given back (in thousandths; null where it
-- lapsed with the term, or nothing was left). Ended is a license past its expiry and the days in which late
-- declarations still find it, or with nothing left; superseded ones live on in another. Of very many, those
-- that expired last.
with number as (
    select unnest(range(10)) as tenth
),

ended as (
    select
        l.license_no,
        l.country,
        l.licensed_tpp,
        l.outstanding_tpp,
        l.issued_on,
        l.expires_on,
        date_diff('day', l.issued_on, l.expires_on) as term_days,
        l.expires_on + $lag_days::integer <= $as_of::date as is_over
    from licenses(as_of := $as_of, known_at := $known_at) as l
    where
        l.licensed_tpp > 0
        and l.license_state not in ('superseded', 'void')
        and l.expires_on > l.issued_on
        and (l.outstanding_tpp = 0 or l.expires_on + $lag_days::integer <= $as_of::date)
    order by is_over desc, l.expires_on desc, l.license_no asc
    limit $most::bigint
),

moved as (
    select
        e.license_no,
        e.country::varchar as country,
        e.effective_on,
        case
            when e.kind in ('license', 'restore') then e.tpp
            when e.kind in ('release', 'export') then -e.tpp
            else 0
        end as held_tpp,
        case
            when e.kind = 'export' then e.tpp
            when e.kind = 'restore' then -e.tpp
            else 0
        end as shipped_tpp,
        case
            when e.kind = 'release' and e.reverses_seq is null and not is_undone(e.seq, $known_at)
                then e.effective_on
        end as released_on
    from entry as e
    where
        e.license_no is not null
        and e.effective_on <= $as_of::date
        and ($known_at is null or e.recorded_at <= $known_at::timestamp)
),

cut as (
    select
        n.*,
        t.tenth,
        n.issued_on + (n.term_days * t.tenth // 10)::integer as cut_on
    from ended as n
    cross join number as t
),

tenth as (
    select
        c.license_no,
        c.is_over,
        c.tenth,
        -- at its first tenth, before anything was shipped, all that was licensed
        case
            when c.tenth = 0 then any_value(c.licensed_tpp)
            else coalesce(sum(m.held_tpp) filter (m.effective_on <= c.cut_on), 0)
        end as held_tpp,
        coalesce(sum(m.shipped_tpp) filter (c.tenth = 0 or m.effective_on > c.cut_on), 0) as shipped_tpp,
        -- a release that left something was not of the rest
        case
            when any_value(c.outstanding_tpp) = 0
                then
                    date_diff('day', any_value(c.issued_on), max(m.released_on)) * 1000
                    // any_value(c.term_days)
        end as released_permille
    from cut as c
    inner join moved as m on c.license_no = m.license_no and c.country = m.country
    group by c.license_no, c.is_over, c.tenth
)

select
    h.license_no,
    h.is_over,
    h.tenth,
    least(1000, greatest(0, h.shipped_tpp * 1000 // h.held_tpp))::bigint as shipped_permille,
    case when h.released_permille between 0 and 1000 then h.released_permille end::bigint as released_permille
from tenth as h
where h.held_tpp > 0
order by h.license_no, h.tenth
