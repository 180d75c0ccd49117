-- One row per license whose stored dates or closing are not those of its entries. `seq` is its last entry.
with undone as (
    select u.reverses_seq as seq
    from entry as u
    where u.reverses_seq is not null
),

chosen as (
    select
        e.seq, e.quota, e.license_no, e.kind, e.effective_on, e.expires_on, e.reason,
        e.reverses_seq is not null as undoes,
        u.seq is not null as undone,
        case
            when e.kind in ('license', 'restore') then e.tpp
            when e.kind in ('release', 'export') then -e.tpp
            else 0
        end as to_licensed_tpp
    from entry as e
    left join undone as u on e.seq = u.seq
    where e.license_no is not null
),

termed as (
    select
        c.quota,
        c.license_no,
        max(c.seq) as seq,
        min(c.effective_on) filter (c.kind = 'license' and not c.undoes and not c.undone) as issued_on,
        arg_max(c.expires_on, c.seq) filter (c.kind = 'license' and not c.undoes and not c.undone)
            as expires_on,
        max(c.seq) filter (c.kind = 'license') as last_license_seq
    from chosen as c
    group by c.quota, c.license_no
),

held as ( -- only licenses that something was released of can be closed
    select
        c.seq, c.quota, c.license_no, c.reason,
        c.kind = 'release' and not c.undoes as releases,
        sum(c.to_licensed_tpp) over (partition by c.quota, c.license_no order by c.seq) as licensed_tpp
    from chosen as c
    where c.license_no in (select r.license_no from chosen as r where r.kind = 'release')
),

closed as (
    select
        h.quota,
        h.license_no,
        max(h.seq) as closed_by_seq,
        arg_max(h.reason, h.seq) as closed_reason
    from held as h
    inner join termed as t on h.quota = t.quota and h.license_no = t.license_no
    where h.releases and h.licensed_tpp = 0 and h.seq > coalesce(t.last_license_seq, 0)
    group by h.quota, h.license_no
),

compared as (
    select
        t.seq,
        s.license_no,
        concat_ws(
            ', ', 'issued ' || t.issued_on::varchar, 'expires ' || t.expires_on::varchar,
            'closed by ' || c.closed_by_seq, c.closed_reason
        ) as expected,
        concat_ws(
            ', ', 'issued ' || s.issued_on, 'expires ' || s.expires_on, 'closed by ' || s.closed_by_seq,
            s.closed_reason
        ) as found
    from stored as s
    left join termed as t on s.quota = t.quota and s.license_no = t.license_no
    left join closed as c on s.quota = c.quota and s.license_no = c.license_no
    where s.license_no <> ''
)

select
    c.seq,
    concat_ws(': ', c.license_no, c.expected) as expected,
    concat_ws(': ', c.license_no, c.found) as found
from compared as c
where c.expected <> c.found
order by c.seq, c.license_no
limit $most::bigint
