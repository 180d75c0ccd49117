-- found: adds one row a break that shows whatever else agrees: licenses used before or after their days,
-- licenses used beyond what they hold, and exports that the ledger itself has without a license.
create table expired_use as
select
    d.row_id,
    d.itn || '/' || d.line_no as key,
    d.license_no,
    d.device_id,
    d.country,
    d.exported_on,
    k.issued_on,
    k.expires_on
from declaration as d
inner join license_known as k
    on d.license_no = k.license_no and (d.exported_on > k.expires_on or d.exported_on < k.issued_on)
where
    not d.is_cancelled and d.quarantine is null
    and d.row_id not in (select o.row_id from lone_told as o where o.source = 'declarations');

-- The day is then what is wrong with it: that is said once.
delete from found
where code = 'PERIOD' and source = 'declarations' and key in (select e.key from expired_use as e);

insert into found by name
select
    'EXPIRED_USE' as code,
    e.key,
    '' as scope,
    'declarations' as source,
    min(l.country) as country,
    min(e.license_no) as license_no,
    min(coalesce(l.device_id, e.device_id)) as device_id,
    list(l.seq order by l.seq) as seqs,
    min(e.row_id) as row_id,
    min(e.exported_on) as on_day,
    min(
        case when e.exported_on > e.expires_on then 'expired ' || e.expires_on
            else 'issued ' || e.issued_on end
    ) as ledger_says,
    min(e.exported_on)::varchar as source_says,
    0::bigint as net_tpp,
    0::bigint as other_tpp,
    sum(l.tpp)::bigint as at_stake_tpp,
    false as is_critical
from expired_use as e
inner join pair as p on p.source = 'declarations' and e.row_id = p.row_id
inner join line as l on p.seq = l.seq
group by e.key;

insert into found by name
select
    'EXPIRED_USE' as code,
    coalesce(l.itn || coalesce('/' || l.line_no, ''), 'entry ' || l.seq) as key,
    '' as scope,
    'declarations' as source,
    l.country,
    l.license_no,
    l.device_id,
    [l.seq] as seqs,
    l.on_day,
    case when l.on_day > k.expires_on then 'expired ' || k.expires_on else 'issued ' || k.issued_on end
        as ledger_says,
    l.on_day::varchar as source_says,
    0::bigint as net_tpp,
    0::bigint as other_tpp,
    l.tpp as at_stake_tpp,
    false as is_critical
from line as l
inner join license_known as k
    on l.license_no = k.license_no and (l.on_day > k.expires_on or l.on_day < k.issued_on)
where
    l.kind = 'overrun'
    and l.seq not in (select unnest(f.seqs) from found as f where f.code = 'EXPIRED_USE');

insert into found by name
select
    'UNLICENSED_EXPORT' as code,
    coalesce(l.itn || coalesce('/' || l.line_no, ''), 'entry ' || l.seq) as key,
    '' as scope,
    'declarations' as source,
    l.country,
    l.device_id,
    [l.seq] as seqs,
    l.on_day,
    l.quantity::varchar as ledger_says,
    'no license' as source_says,
    0::bigint as net_tpp,
    0::bigint as other_tpp,
    l.tpp as at_stake_tpp,
    false as is_critical
from line as l
where
    l.license_no is null
    and l.seq not in (
        select unnest(f.seqs)
        from found as f
        where f.code in ('UNLICENSED_EXPORT', 'UNKNOWN_LICENSE', 'TREATMENT')
    );

-- What was used of a license is what the ledger says, and what others have seen beyond it.
insert into found by name
with beyond as (
    select
        l.license_no,
        l.tpp
    from line as l
    where l.kind = 'overrun' and l.license_no is not null
    union all
    select
        f.license_no,
        -f.net_tpp - f.other_tpp as tpp
    from found as f
    where
        f.source = 'declarations' and f.license_no is not null and f.net_tpp + f.other_tpp < 0
        and f.code not in ('DUPLICATE', 'UNIT', 'UNKNOWN_LICENSE')
),

-- what lapsed unused may still be declared late
room as (
    select
        x.*,
        x.outstanding_tpp + case x.license_state when 'expired' then x.released_tpp else 0 end as room_tpp
    from license_held as x
),

used as (
    select
        b.license_no,
        sum(b.tpp)::bigint as tpp
    from beyond as b
    group by b.license_no
)

select
    'OVER_LICENSE' as code,
    h.license_no as key,
    '' as scope,
    'declarations' as source,
    h.country,
    h.license_no,
    h.device_id,
    (h.licensed_tpp - h.released_tpp)::varchar as ledger_says,
    (h.licensed_tpp - h.released_tpp - h.outstanding_tpp + u.tpp)::varchar as source_says,
    0::bigint as net_tpp,
    0::bigint as other_tpp,
    u.tpp - h.room_tpp as at_stake_tpp,
    false as is_critical
from used as u
inner join room as h on u.license_no = h.license_no
where u.tpp > h.room_tpp;
