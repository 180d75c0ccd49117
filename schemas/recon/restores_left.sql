-- found: adds one row per restore that belongs to no export that the ledger has: the lines are then together
-- worth more than what went under the license.
insert into found by name
select
    'MISSING_IN_SOURCE' as code,
    'entry ' || g.seq as key,
    'declarations' as scope,
    'declarations' as source,
    g.country,
    g.license_no,
    g.device_id,
    [g.seq] as seqs,
    g.on_day,
    coalesce(g.quantity::varchar, format('{:,} TPP', g.tpp)) as ledger_says,
    'nothing' as source_says,
    g.tpp as net_tpp,
    0::bigint as other_tpp,
    -g.tpp as at_stake_tpp,
    false as is_critical,
    format(
        '{} under {} on {}, and no export is known that this undoes: reverse entry {:,} and name the export '
        || 'by its reference',
        coalesce(
            format('{:,} x {} restored', -g.quantity, g.device_id), format('{:,} TPP restored', -g.tpp)
        ),
        g.license_no,
        g.on_day,
        g.seq
    ) as reason
from given_back as g
inner join coverage as c on c.source = 'declarations'
where g.on_day >= coalesce(c.from_on, g.on_day);
