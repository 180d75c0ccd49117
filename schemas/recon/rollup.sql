-- guessed_row: one row per declaration that tells neither device nor license: what it was matched with says
-- what it is worth.
create table guessed_row as
select unnest(c.row_ids) as row_id
from compared as c
where c.source = 'declarations' and c.is_guessed
union
select a.row_id
from apart as a
where a.source = 'declarations' and a.is_guessed;

-- by_month: one row per country and month (the first day of it; null where no day is told): what the ledger
-- licensed and exported, what the licensing office licensed, and what customs and vendors add up to, in whole
-- TPP, each by itself: pieces times the TPP that the license states or the catalogue has. Where neither
-- knows, what was matched is worth as in the ledger.
create table by_month as
with piece as (
    select
        d.row_id,
        d.country,
        d.exported_on as on_day,
        pieces(d.quantity, d.unit) as quantity,
        case
            when w.piece_tpp is not null and coalesce(d.device_id = w.device_id, true) then w.piece_tpp
            else x.tpp
        end as piece_tpp
    from declaration as d
    left join license_worth as w on d.license_no = w.license_no
    left join device as x on d.device_id = x.device_id
    where not d.is_cancelled and (d.license_no is not null or d.exception is null)
),

told as (
    select
        'customs' as who,
        p.country,
        p.on_day,
        p.quantity * p.piece_tpp as tpp
    from piece as p
    anti join guessed_row as g on p.row_id = g.row_id
    where p.piece_tpp is not null
    union all
    select
        'customs' as who,
        p.country,
        p.on_day,
        coalesce(o.tpp, l.tpp, 0) as tpp
    from piece as p
    anti join guessed_row as g on p.row_id = g.row_id
    left join lone_told as o on p.row_id = o.row_id and o.source = 'declarations'
    left join pair as m on p.row_id = m.row_id and m.source = 'declarations' and m.match_key = 'K1'
    left join line as l on m.seq = l.seq
    where p.piece_tpp is null
    union all
    select
        'customs' as who,
        c.told_country as country,
        c.told_first_on as on_day,
        c.told_tpp as tpp
    from compared as c
    where c.source = 'declarations' and c.is_guessed
    union all
    -- the same pieces at another worth
    select
        case c.source when 'declarations' then 'customs' else 'vendors' end as who,
        c.told_country as country,
        c.told_first_on as on_day,
        c.other_worth_tpp as tpp
    from compared as c
    where c.other_worth_tpp <> 0
    union all
    select
        'customs' as who,
        p.country,
        p.on_day,
        x.tpp
    from other_worth as x
    inner join k1 as k on x.seq = k.seq
    inner join piece as p on k.row_id = p.row_id
    anti join k1_open as o on k.row_id = o.row_id
    where p.piece_tpp is not null
    union all
    select
        'customs' as who,
        d.country,
        d.exported_on as on_day,
        a.told_tpp as tpp
    from apart as a
    inner join declaration as d on a.row_id = d.row_id
    where a.source = 'declarations' and a.is_guessed
    union all
    -- what is not due yet on the day of the run
    select
        'customs' as who,
        o.country,
        o.on_day,
        -o.tpp as tpp
    from lone_told as o
    semi join not_due as n on o.source = n.source and o.row_id = n.row_id
    where o.source = 'declarations'
    union all
    select
        'vendors' as who,
        s.country,
        s.shipped_on as on_day,
        s.quantity * coalesce(w.piece_tpp, d.tpp, 0) as tpp
    from shipment as s
    left join license_worth as w on s.license_no = w.license_no and coalesce(s.device_id = w.device_id, true)
    left join device as d on s.device_id = d.device_id
    union all
    select
        'ledger' as who,
        l.country,
        l.on_day,
        l.tpp
    from line as l
    left join coverage as c on c.source = 'declarations'
    where
        not (
            l.on_day < coalesce(c.from_on, l.on_day)
            and l.seq in (
                select o.seq
                from lone_line as o
                anti join owed as w on o.source = w.source and o.seq = w.seq
                where o.source = 'declarations'
            )
        )
        and not l.seq in (select t.seq from late_transfer as t)
    union all
    select
        'ledger' as who,
        g.country,
        g.on_day,
        g.tpp
    from given_back as g
    left join coverage as c on c.source = 'declarations'
    where g.on_day >= coalesce(c.from_on, g.on_day)
    union all
    select
        'office' as who,
        t.country,
        t.issued_on as on_day,
        t.licensed_tpp as tpp
    from license_told as t
    union all
    select
        'licensed' as who,
        h.country,
        h.issued_on as on_day,
        h.licensed_tpp as tpp
    from license_held as h
)

select
    t.country,
    date_trunc('month', t.on_day)::date as month_on,
    coalesce(sum(t.tpp) filter (t.who = 'licensed'), 0)::bigint as ledger_licensed_tpp,
    coalesce(sum(t.tpp) filter (t.who = 'office'), 0)::bigint as license_system_tpp,
    coalesce(sum(t.tpp) filter (t.who = 'ledger'), 0)::bigint as ledger_exported_tpp,
    coalesce(sum(t.tpp) filter (t.who = 'customs'), 0)::bigint as customs_tpp,
    coalesce(sum(t.tpp) filter (t.who = 'vendors'), 0)::bigint as vendor_tpp
from told as t
where t.country is not null
group by t.country, date_trunc('month', t.on_day);

-- certificate: one row per country: ledger, licensing office, customs, vendors; net and gross differences
-- between ledger and customs (gross: what each set differs by, whichever way, less what is in transit); and
-- what no break explains.
create table certificate as
with summed as (
    select
        m.country,
        sum(m.ledger_licensed_tpp)::bigint as ledger_licensed_tpp,
        sum(m.license_system_tpp)::bigint as license_system_tpp,
        sum(m.ledger_exported_tpp)::bigint as ledger_exported_tpp,
        sum(m.customs_tpp)::bigint as customs_tpp,
        sum(m.vendor_tpp)::bigint as vendor_tpp
    from by_month as m
    group by m.country
),

explained as (
    select
        e.country,
        sum(e.tpp)::bigint as tpp
    from (
        select
            f.country,
            f.net_tpp as tpp
        from found as f
        where f.source = 'declarations'
        union all
        select
            f.other_country as country,
            f.other_tpp as tpp
        from found as f
        where f.source = 'declarations'
    ) as e
    group by e.country
),

gross as (
    select
        g.country,
        coalesce(sum(g.tpp) filter (g.code <> 'IN_TRANSIT'), 0)::bigint as tpp,
        coalesce(sum(g.tpp) filter (g.code = 'IN_TRANSIT'), 0)::bigint as in_transit_tpp
    from (
        select
            f.code,
            f.country,
            abs(f.net_tpp) as tpp
        from found as f
        where f.source = 'declarations'
        union all
        select
            f.code,
            f.other_country as country,
            abs(f.other_tpp) as tpp
        from found as f
        where f.source = 'declarations'
    ) as g
    group by g.country
),

named as (
    select h.country from country_held as h
    union
    select s.country from summed as s
)

select
    n.country,
    coalesce(s.ledger_licensed_tpp, 0) as ledger_licensed_tpp,
    coalesce(s.license_system_tpp, 0) as license_system_tpp,
    coalesce(s.ledger_exported_tpp, 0) as ledger_exported_tpp,
    coalesce(s.customs_tpp, 0) as customs_tpp,
    coalesce(s.vendor_tpp, 0) as vendor_tpp,
    coalesce(s.ledger_exported_tpp - s.customs_tpp, 0) as net_tpp,
    coalesce(g.tpp, 0) as gross_tpp,
    coalesce(g.in_transit_tpp, 0) as in_transit_tpp,
    coalesce(s.ledger_exported_tpp - s.customs_tpp, 0) - coalesce(e.tpp, 0) as unexplained_tpp,
    h.headroom_tpp
from named as n
left join country_held as h on n.country = h.country
left join summed as s on n.country = s.country
left join explained as e on n.country = e.country
left join gross as g on n.country = g.country;

insert into found by name
select
    'ROLLUP' as code,
    c.country as key,
    '' as scope,
    'declarations' as source,
    c.country,
    c.ledger_exported_tpp::varchar as ledger_says,
    (c.ledger_exported_tpp - c.unexplained_tpp)::varchar as source_says,
    c.unexplained_tpp as net_tpp,
    0::bigint as other_tpp,
    abs(c.unexplained_tpp) as at_stake_tpp,
    false as is_critical
from certificate as c
where c.unexplained_tpp <> 0;
