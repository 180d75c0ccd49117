-- found: adds one row a break among what was matched: each way in which a source differs from the ledger
-- beyond the tolerances (quantity 0, country exact, days one apart). What was set aside on arrival is
-- reported as that alone.
insert into found by name
with weighed as (
    select
        c.*,
        len(c.seqs) as lines,
        c.told_quantity is not null and c.quantity is not null as counted,
        differs(c.quantity, c.told_quantity)
        and (c.quantity is not null or c.told_tpp <> c.tpp) as differs,
        coalesce(c.line_key, '') || ' ' || c.told_key as both_keys
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
        case when j.is_cancelled then '0' else j.told_quantity::varchar end as source_says,
        j.quantity::varchar as ledger_says,
        j.tpp - j.told_tpp as net_tpp,
        0 as place
    from judged as j
    where j.main_code is not null
    union all
    select
        j.*,
        'COUNTRY' as code,
        j.told_country as source_says,
        j.country as ledger_says,
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
        0 as net_tpp,
        3 as place
    from judged as j
    where j.is_sound and j.told_license_no is null and j.license_no is null
    union all
    select
        j.*,
        'PERIOD' as code,
        coalesce(j.told_last_on::varchar, '') as source_says,
        j.first_on::varchar as ledger_says,
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
    coalesce(b.device_id, b.told_device_id) as device_id,
    b.seqs,
    b.row_ids[1] as row_id,
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
    coalesce(l.license_no, 'no license') as ledger_says,
    coalesce(t.license_no, t.exception, 'no license') as source_says,
    case when differs(t.country, l.country) then l.tpp else l.tpp - a.told_tpp end::bigint as net_tpp,
    case when differs(t.country, l.country) then -a.told_tpp else 0 end::bigint as other_tpp,
    greatest(l.tpp, a.told_tpp)::bigint as at_stake_tpp,
    false as is_critical
from apart as a
inner join now_source as n on a.source = n.source
inner join line as l on a.seq = l.seq
inner join told as t on a.row_id = t.row_id
left join license_known as k on t.license_no = k.license_no;
