-- found: adds one row per break among what was matched: each way in which a source differs from the ledger
-- beyond the tolerances (quantity 0, country exact, days one apart). What was set aside on arrival is
-- reported as that alone, with what stands in the cell that it was set aside for.
create or replace macro is_cell(code) as code in ('COUNTRY', 'DEVICE_UNKNOWN', 'UNIT', 'PERIOD');

-- What the ledger, or whoever counts pieces, has where a row was set aside for a cell; else how many.
create or replace macro beside_it(code, country, device_id, on_day, quantity) as
    case code
        when 'COUNTRY' then country
        when 'DEVICE_UNKNOWN' then device_id
        when 'UNIT' then 'NO'
        when 'PERIOD' then on_day::varchar
        else quantity::varchar
    end;

-- aside: one row per set in which a row was set aside: which one, and for what.
create or replace table aside as
select
    c.match_key,
    c.set_no,
    min(q.row_id) as row_id,
    arg_min(q.value, q.row_id) as value
from (
    select
        s.source,
        s.match_key,
        s.set_no,
        s.quarantine,
        unnest(s.row_ids) as row_id
    from compared as s
    inner join now_source as n on s.source = n.source
    where s.quarantine is not null
) as c
inner join quarantined as q on c.source::varchar = q.source and c.row_id = q.row_id and c.quarantine = q.code
group by c.match_key, c.set_no;

insert into found by name
with weighed as (
    select
        c.*,
        len(c.seqs) as lines,
        c.told_quantity is not null and c.quantity is not null as counted,
        -- what was posted by TPP alone may be as many pieces of another device
        c.by_tpp and c.quantity = c.told_quantity and c.told_tpp <> c.tpp and not c.is_cancelled
            as differs_in_worth,
        differs_in_worth
        or (
            differs(c.quantity, c.told_quantity) and (c.quantity is not null or c.told_tpp <> c.tpp)
        ) as differs,
        coalesce(c.line_key, '') || ' ' || c.told_key as both_keys,
        c.first_on || case when c.last_on > c.first_on then ' to ' || c.last_on else '' end as on_days
    from compared as c
    inner join now_source as n on c.source = n.source
),

judged as (
    select
        w.*,
        case
            when w.quarantine is not null then w.quarantine
            when w.is_cancelled then 'CANCELLED_AT_SOURCE'
            when not w.differs then null
            when
                w.counted and w.lines >= 2 and w.tellings = 1
                and w.least_quantity = w.told_quantity and w.most_quantity = w.told_quantity
                then 'DUPLICATE'
            when
                w.counted and w.tellings >= 2 and w.lines >= 2
                and w.quantity in (w.tellings_quantity, w.changes_quantity)
                then 'CUMULATIVE_AS_DELTA'
            when w.counted and is_ratio(w.quantity, w.told_quantity) then 'UNIT'
            else 'QUANTITY'
        end as main_code,
        w.quarantine is null and not w.is_cancelled as is_sound
    from weighed as w
),

breaks as (
    select
        j.*,
        j.main_code as code,
        case
            when is_cell(j.quarantine) then a.value
            when j.is_cancelled then '0'
            when j.main_code = 'QUANTITY' and j.differs_in_worth then format('{:,} TPP', j.told_tpp)
            else j.told_quantity::varchar
        end as source_says,
        case
            when is_cell(j.quarantine) or (j.quantity is not null and not j.differs_in_worth)
                then beside_it(j.quarantine, j.country, j.device_id, j.on_days, j.quantity)
            else format('{:,} TPP', j.tpp)
        end as ledger_says,
        a.row_id as aside_row_id,
        j.tpp - j.told_tpp as net_tpp,
        0 as place
    from judged as j
    left join aside as a on j.match_key = a.match_key and j.set_no = a.set_no and j.quarantine is not null
    where j.main_code is not null
    union all
    select
        j.*,
        'COUNTRY' as code,
        j.told_country as source_says,
        j.country as ledger_says,
        null as aside_row_id,
        j.tpp as net_tpp,
        1 as place
    from judged as j
    where j.is_sound and differs(j.country, j.told_country)
    union all
    select
        j.*,
        'DEVICE' as code,
        j.told_device_id as source_says,
        j.device_id as ledger_says,
        null as aside_row_id,
        j.tpp - j.told_tpp as net_tpp,
        2 as place
    from judged as j
    where j.is_sound and j.told_device_id <> j.device_id
    union all
    select
        j.*,
        'UNLICENSED_EXPORT' as code,
        j.told_license_no as source_says,
        j.license_no as ledger_says,
        null as aside_row_id,
        0 as net_tpp,
        3 as place
    from judged as j
    where j.is_sound and j.told_license_no is null and j.license_no is null
    union all
    select
        j.*,
        'PERIOD' as code,
        coalesce(j.told_last_on::varchar, '') as source_says,
        j.on_days as ledger_says,
        null as aside_row_id,
        0 as net_tpp,
        4 as place
    from judged as j
    where
        j.is_sound
        -- parts of a split shipment leave on days of their own
        and j.match_key <> 'K4'
        and not (is_same_day(j.first_on, j.told_first_on) or is_same_day(j.last_on, j.told_last_on))
)

select
    b.code,
    case when b.source = 'declarations' then b.told_key else b.line_key end as key,
    '' as scope,
    b.source::varchar as source,
    b.country,
    case when differs(b.told_country, b.country) then b.told_country end as other_country,
    coalesce(b.license_no, b.told_license_no) as license_no,
    coalesce(b.device_id, b.told_device_id, w.device_id) as device_id,
    b.seqs,
    coalesce(b.aside_row_id, b.row_ids[1]) as row_id,
    b.first_on as on_day,
    b.ledger_says,
    b.source_says,
    b.match_key::varchar as match_key,
    -- of several breaks in one set the first bears the difference, so that it is counted once
    case
        when row_number() over of_set > 1 then 0
        when differs(b.told_country, b.country) then b.tpp
        when b.code in ('COUNTRY', 'UNLICENSED_EXPORT', 'PERIOD') then b.tpp - b.told_tpp
        else b.net_tpp
    end::bigint as net_tpp,
    case
        when row_number() over of_set = 1 and differs(b.told_country, b.country) then -b.told_tpp
        else 0
    end::bigint as other_tpp,
    case
        when b.code in ('COUNTRY', 'UNLICENSED_EXPORT', 'PERIOD') or b.quarantine is not null
            then greatest(b.tpp, b.told_tpp)
        else abs(b.tpp - b.told_tpp)
    end::bigint as at_stake_tpp,
    false as is_critical
from breaks as b
left join license_worth as w on b.license_no = w.license_no
window of_set as (partition by b.source, b.match_key, b.set_no order by b.place);

-- Whoever names a license that nobody knows, or none, or another one than the ledger does.
insert into found by name
select
    case
        when t.quarantine is not null then t.quarantine
        when t.license_no is null and t.exception is null then 'UNLICENSED_EXPORT'
        when t.license_no is null then 'TREATMENT'
        when k.license_no is null then 'UNKNOWN_LICENSE'
        else 'TREATMENT'
    end as code,
    t.told_key as key,
    '' as scope,
    t.source::varchar as source,
    l.country,
    case when differs(t.country, l.country) then t.country end as other_country,
    t.license_no,
    coalesce(l.device_id, t.device_id) as device_id,
    [l.seq] as seqs,
    t.row_id,
    l.on_day,
    case
        when t.quarantine is not null
            then beside_it(t.quarantine, l.country, l.device_id, l.on_day, l.quantity)
        else coalesce(l.license_no, 'no license')
    end as ledger_says,
    case
        when is_cell(t.quarantine) then q.value
        when t.quarantine is not null then t.quantity::varchar
        else coalesce(t.license_no, t.exception, 'no license')
    end as source_says,
    case when differs(t.country, l.country) then l.tpp else l.tpp - a.told_tpp end::bigint as net_tpp,
    case when differs(t.country, l.country) then -a.told_tpp else 0 end::bigint as other_tpp,
    greatest(l.tpp, a.told_tpp)::bigint as at_stake_tpp,
    false as is_critical
from apart as a
inner join now_source as n on a.source = n.source
inner join line as l on a.seq = l.seq
inner join told as t on a.row_id = t.row_id
left join license_known as k on t.license_no = k.license_no
left join quarantined as q on t.source::varchar = q.source and t.row_id = q.row_id and t.quarantine = q.code;
