-- told_by_country: one row a country: what customs and vendors add up to, in whole TPP, each by itself:
-- pieces times the TPP that the license states or the catalogue has. Where neither knows, what was matched is
-- worth as in the ledger.
create table guessed_row as
select unnest(c.row_ids) as row_id
from compared as c
where c.source = 'declarations' and c.is_guessed
union
select a.row_id
from apart as a
where a.source = 'declarations' and a.is_guessed;

create table told_by_country as
with piece as (
    select
        d.row_id,
        d.country,
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

customs as (
    select
        p.country,
        p.quantity * p.piece_tpp as tpp
    from piece as p
    anti join guessed_row as g on p.row_id = g.row_id
    where p.piece_tpp is not null
    union all
    select
        p.country,
        coalesce(o.tpp, l.tpp, 0) as tpp
    from piece as p
    anti join guessed_row as g on p.row_id = g.row_id
    left join lone_told as o on p.row_id = o.row_id and o.source = 'declarations'
    left join pair as m on p.row_id = m.row_id and m.source = 'declarations' and m.match_key = 'K1'
    left join line as l on m.seq = l.seq
    where p.piece_tpp is null
    union all
    select
        c.told_country as country,
        c.told_tpp as tpp
    from compared as c
    where c.source = 'declarations' and c.is_guessed
    union all
    select
        d.country,
        a.told_tpp as tpp
    from apart as a
    inner join declaration as d on a.row_id = d.row_id
    where a.source = 'declarations' and a.is_guessed
    union all
    -- what is not due yet on the day of the run
    select
        o.country,
        -o.tpp as tpp
    from lone_told as o
    cross join terms as t
    where o.source = 'declarations' and o.on_day > t.as_of
),

vendors as (
    select
        s.country,
        s.quantity * coalesce(w.piece_tpp, d.tpp, 0) as tpp
    from shipment as s
    left join license_worth as w on s.license_no = w.license_no and coalesce(s.device_id = w.device_id, true)
    left join device as d on s.device_id = d.device_id
),

both_told as (
    select
        c.country,
        c.tpp as customs_tpp,
        0 as vendor_tpp
    from customs as c
    union all
    select
        v.country,
        0 as customs_tpp,
        v.tpp as vendor_tpp
    from vendors as v
)

select
    b.country,
    sum(b.customs_tpp)::bigint as customs_tpp,
    sum(b.vendor_tpp)::bigint as vendor_tpp
from both_told as b
where b.country is not null
group by b.country;

-- certificate: one row a country: ledger, licensing office, customs, vendors; net and gross differences
-- between ledger and customs; and what no break explains.
create table certificate as
with ours as (
    select
        l.country,
        sum(l.tpp)::bigint as exported_tpp
    from line as l
    left join coverage as c on c.source = 'declarations'
    where
        not (
            l.on_day < coalesce(c.from_on, l.on_day)
            and l.seq in (select o.seq from lone_line as o where o.source = 'declarations')
        )
        and not l.seq in (select t.seq from late_transfer as t)
    group by l.country
),

office as (
    select
        t.country,
        sum(t.licensed_tpp)::bigint as licensed_tpp
    from license_told as t
    group by t.country
),

licensed as (
    select
        h.country,
        sum(h.licensed_tpp)::bigint as licensed_tpp
    from license_held as h
    group by h.country
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
            unnest(
                case when f.other_tpp <> 0 then [f.country, f.other_country] else [f.country] end
            ) as country,
            f.at_stake_tpp as tpp
        from found as f
    ) as g
    group by g.country
),

named as (
    select h.country from country_held as h
    union
    select t.country from told_by_country as t
    union
    select o.country from office as o where o.country is not null
)

select
    n.country,
    coalesce(d.licensed_tpp, 0) as ledger_licensed_tpp,
    coalesce(o.licensed_tpp, 0) as license_system_tpp,
    coalesce(u.exported_tpp, 0) as ledger_exported_tpp,
    coalesce(t.customs_tpp, 0) as customs_tpp,
    coalesce(t.vendor_tpp, 0) as vendor_tpp,
    coalesce(u.exported_tpp, 0) - coalesce(t.customs_tpp, 0) as net_tpp,
    coalesce(g.tpp, 0) as gross_tpp,
    coalesce(g.in_transit_tpp, 0) as in_transit_tpp,
    coalesce(u.exported_tpp, 0) - coalesce(t.customs_tpp, 0) - coalesce(e.tpp, 0) as unexplained_tpp,
    h.headroom_tpp
from named as n
left join country_held as h on n.country = h.country
left join licensed as d on n.country = d.country
left join office as o on n.country = o.country
left join ours as u on n.country = u.country
left join told_by_country as t on n.country = t.country
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
