-- found: adds one row per reexport that the ledger has and nobody reported.
insert into found by name
select
    case
        when p.license_no is null then 'UNLICENSED_EXPORT'
        when p.on_day + t.transit_days >= least(t.as_of, c.as_of) then 'IN_TRANSIT'
        else 'MISSING_IN_SOURCE'
    end as code,
    p.reference as key,
    case when p.license_no is null then '' else 'reexports' end as scope,
    'reexports' as source,
    p.country,
    p.license_no,
    p.device_id,
    p.seqs,
    p.on_day,
    coalesce(p.quantity::varchar, format('{:,} TPP', p.tpp)) as ledger_says,
    'nothing' as source_says,
    p.tpp as net_tpp,
    0::bigint as other_tpp,
    p.tpp as at_stake_tpp,
    false as is_critical
from posted as p
inner join coverage as c on c.source = 'reexports'
cross join terms as t
where
    p.seqs is not null and p.return_seqs is not null
    and p.reference not in (select x.reference from transfer as x)
    and (
        p.on_day >= coalesce(c.from_on, p.on_day)
        -- what the report owed on an earlier night it owes until it tells of it
        or p.reference in (select a.key from awaited as a where a.source = 'reexports' and a.is_missed)
        -- and what was posted since
        or (
            p.stood_seq > c.since_seq and p.on_day >= coalesce(c.asked_from, p.on_day)
            and p.reference not in (select b.key from still_open as b where b.source = 'reexports')
        )
    );
