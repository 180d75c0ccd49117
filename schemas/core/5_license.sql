-- One row per license: what was licensed, exported and released under it, and what it still holds (whole
-- TPP). `outstanding_tpp` is that: licensed - released - exported, where goods that returned for good and
-- exports beyond the license change `exported_tpp` alone. Of a license that has expired it is only for what
-- left in time and is told late.
create macro license_state(licensed_tpp, outstanding_tpp, released_reason, expires_on, on_day) as
case
    when licensed_tpp is null or outstanding_tpp is null or on_day is null then null
    when licensed_tpp = 0 then 'void'
    when outstanding_tpp = 0 and released_reason in ('expired', 'revoked', 'surrendered', 'superseded')
        then released_reason
    when outstanding_tpp = 0 and released_reason is not null then 'released'
    when outstanding_tpp = 0 then 'exhausted'
    when expires_on < on_day then 'expired'
    else 'active'
end;

-- Whether an entry was undone by another one, as far as that was known at an instant.
create macro is_undone(entry_seq, known_at := null) as entry_seq in (
    select u.reverses_seq
    from (select instant_of(known_at) as asked_at) as q
    cross join entry as u
    where u.reverses_seq is not null and (q.asked_at is null or u.recorded_at <= q.asked_at)
);

create macro licenses(country_code := null, as_of := null, known_at := null) as table
with asked_of as (
    select
        known_country(country_code) as asked_country,
        as_of::date as asked_on,
        instant_of(known_at) as asked_at
),

undone as (
    select u.reverses_seq
    from entry as u
    cross join asked_of as q
    where u.reverses_seq is not null and (q.asked_at is null or u.recorded_at <= q.asked_at)
),

chosen as (
    select
        e.seq, e.country, e.license_no, e.kind, e.tpp, e.effective_on, e.expires_on, e.device_id, e.consignee,
        e.reason,
        e.reverses_seq is not null as undoes,
        e.kind = 'license' and e.reverses_seq is null as issues,
        e.kind = 'license'
        and e.reverses_seq is null
        and e.seq not in (select u.reverses_seq from undone as u) as stands
    from entry as e
    cross join asked_of as q
    where
        e.license_no is not null
        and (q.asked_country is null or e.country::varchar = q.asked_country)
        and (q.asked_on is null or e.effective_on <= q.asked_on)
        and (q.asked_at is null or e.recorded_at <= q.asked_at)
),

held as (
    select
        c.license_no,
        c.country::varchar as country,
        -- as the entries that stand say; where none does, as the last one said
        coalesce(
            arg_max(c.consignee, c.seq) filter (c.stands),
            case when not bool_or(c.stands) then arg_max(c.consignee, c.seq) filter (c.issues) end
        ) as consignee,
        coalesce(
            arg_max(c.device_id, c.seq) filter (c.stands),
            case when not bool_or(c.stands) then arg_max(c.device_id, c.seq) filter (c.issues) end
        ) as device_id,
        sum(
            case
                when c.kind = 'license' and not c.undoes then c.tpp
                when c.kind = 'release' and c.undoes then -c.tpp
                else 0
            end
        )::bigint as licensed_tpp,
        sum(
            case
                when c.kind in ('export', 'overrun') then c.tpp
                when c.kind in ('restore', 'return') then -c.tpp
                else 0
            end
        )::bigint as exported_tpp,
        sum(
            case
                when c.kind = 'release' and not c.undoes then c.tpp
                when c.kind = 'license' and c.undoes then -c.tpp
                else 0
            end
        )::bigint as released_tpp,
        sum(
            case
                when c.kind in ('license', 'restore') then c.tpp
                when c.kind in ('release', 'export') then -c.tpp
                else 0
            end
        )::bigint as outstanding_tpp,
        min(c.effective_on) filter (c.stands) as issued_on,
        arg_max(c.expires_on, c.seq) filter (c.stands) as expires_on,
        -- where the last move was a release, the first word of its reason: 'revoked: false statement' is one
        regexp_extract(
            lower(
                arg_max_null(case when c.kind = 'release' and not c.undoes then c.reason end, c.seq)
                filter (c.kind in ('license', 'release', 'export', 'restore'))
            ),
            '^[a-z]+'
        ) as released_reason
    from chosen as c
    group by c.license_no, c.country
)

select
    h.license_no,
    h.country,
    h.consignee,
    h.device_id,
    h.licensed_tpp,
    h.exported_tpp,
    h.released_tpp,
    h.outstanding_tpp,
    h.issued_on,
    h.expires_on,
    license_state(
        h.licensed_tpp, h.outstanding_tpp, case when h.released_tpp > 0 then h.released_reason end,
        h.expires_on, coalesce(q.asked_on, (select t.on_day from today as t))
    ) as license_state
from held as h
cross join asked_of as q
order by h.country, h.license_no;
