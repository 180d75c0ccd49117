-- found: says of each break what the third side says (`said`), and which two agree.

-- at_issue: one row per break and line that it is about; `cell` is what the sides differ in.
create or replace table at_issue as
select
    f.rowid as found_id,
    f.code,
    f.source,
    f.license_no,
    f.ledger_says,
    f.source_says,
    -- a country may be spelled in several ways
    case when f.code = 'COUNTRY' then coalesce(f.other_country, f.source_says) else f.source_says end
        as source_means,
    case
        when f.code = 'COUNTRY' then 'country'
        when f.code in ('DEVICE', 'DEVICE_UNKNOWN') then 'device'
        when f.code in ('TREATMENT', 'UNKNOWN_LICENSE') then 'license'
        when f.code = 'UNLICENSED_EXPORT' and f.row_id is not null then 'license'
        when f.code in ('PERIOD', 'EXPIRED_USE') then 'day'
        when f.code = 'UNIT' and f.reason is not null then 'unit'
        else 'quantity'
    end as cell,
    unnest(f.seqs) as seq
from found as f
where
    f.source in ('declarations', 'shipments') and f.seqs is not null
    -- of an overrun it is the ledger that says when it was used
    and (f.code <> 'EXPIRED_USE' or f.row_id is not null);

-- What a vendor says where customs says something else than the ledger.
create table third as
with heard as (
    select
        a.*,
        case a.cell
            when 'country' then coalesce(s.told_country, v.source_says)
            when 'device' then coalesce(s.told_device_id, v.source_says)
            when 'license' then s.told_license_no
            when 'day' then s.told_first_on::varchar
            -- a vendor counts pieces, as the ledger does
            when 'unit' then 'NO'
            else s.told_quantity::varchar
        end as says,
        not differs(s.told_quantity, s.quantity) as counts_alike
    from at_issue as a
    inner join said as s on a.seq = s.seq and s.source = 'shipments'
    left join at_issue as v on a.seq = v.seq and v.source = 'shipments' and a.cell = v.cell
    where a.source = 'declarations'
),

weighed as (
    select
        h.*,
        coalesce(
            case h.cell
                when 'day' then is_same_day(try_cast(h.says as date), try_cast(h.source_says as date))
                else h.says = h.source_means
            end,
            false
        ) as as_source,
        coalesce(
            case h.cell
                -- of several days the first
                when 'day'
                    then is_same_day(try_cast(h.says as date), try_cast(left(h.ledger_says, 10) as date))
                when 'unit' then h.counts_alike
                else h.says = h.ledger_says
            end,
            false
        ) as as_ledger
    from heard as h
)

select
    w.found_id,
    min(w.says) as says,
    min(
        case
            when w.code in ('MISSING_IN_SOURCE', 'IN_TRANSIT', 'CANCELLED_AT_SOURCE') then 'ledger+shipments'
            when w.as_source and not w.as_ledger then 'declarations+shipments'
            when w.as_ledger and not w.as_source then 'ledger+shipments'
        end
    ) as agree
from weighed as w
group by w.found_id;

update found
set third_says = t.says, agree = t.agree
from third as t
where found.rowid = t.found_id;

-- asked: one row per line that a vendor would have reported: of its devices, on a day that its feed covers.
create table asked as
select
    o.seq,
    o.seq in (select b.seq from lone_line as b where b.source = 'declarations') as is_lone_at_customs
from lone_line as o
inner join line as l on o.seq = l.seq
inner join device as d on l.device_id = d.device_id
inner join coverage as c on o.source = c.source
where
    o.source = 'shipments' and l.on_day >= coalesce(c.from_on, l.on_day)
    and d.vendor in (select x.vendor from shipment as s inner join device as x on s.device_id = x.device_id);

-- may_be: one row per line that no key has found at the vendor, and that may be what customs or the vendor
-- told in a row that was set aside.
create table may_be as
select l.seq
from line as l
inner join lone_told as o
    on
        l.license_no = o.license_no and l.quantity = o.quantity and o.quarantine is not null
        and coalesce(l.device_id = o.device_id, true)
where l.seq in (select a.seq from asked as a);

-- Neither customs, which has nothing of it or took it back, nor the vendor knows of it.
update found
set third_says = 'nothing', agree = 'declarations+shipments'
where
    source = 'declarations' and code in ('MISSING_IN_SOURCE', 'CANCELLED_AT_SOURCE')
    and rowid in (
        select i.found_id
        from at_issue as i
        inner join asked as k on i.seq = k.seq
        where
            i.code = 'CANCELLED_AT_SOURCE'
            or (k.is_lone_at_customs and i.seq not in (select m.seq from may_be as m))
    );

-- What the ledger does not know, and both customs and the vendor do.
update found
set
    third_says = b.says,
    agree = case
        when b.is_alike or b.says = found.source_says then 'declarations+shipments'
    end
from (
    select
        o.declaration_row_id,
        case d.quarantine
            when 'PERIOD' then is_same_day(v.on_day, d.on_day)
            when 'COUNTRY' then v.country = d.country
        end as is_alike,
        case
            when is_cell(d.quarantine)
                then coalesce(q.value, beside_it(d.quarantine, v.country, v.device_id, v.on_day, v.quantity))
            else v.quantity::varchar
        end as says
    from told_of_both as o
    inner join lone_told as d on d.source = 'declarations' and o.declaration_row_id = d.row_id
    inner join lone_told as v on v.source = 'shipments' and o.shipment_row_id = v.row_id
    left join quarantined as q
        on q.source = 'shipments' and v.row_id = q.row_id and v.quarantine = q.code and d.quarantine = q.code
) as b
where found.source = 'declarations' and found.seqs is null and found.row_id = b.declaration_row_id;

update found set third_says = found.source_says, agree = 'declarations+shipments'
from misplaced as m
where
    found.source = 'declarations' and found.code = 'MISSING_IN_LEDGER'
    and m.is_same and found.row_id = m.row_id;

-- A vendor's difference is the same break where customs has it too; else ledger and customs are two of three.
delete from found
where rowid in (
    select v.found_id
    from at_issue as v
    inner join at_issue as d on v.seq = d.seq and v.source = 'shipments' and d.source = 'declarations'
    where
        -- what customs has under another country's license is told as that country
        (v.code = 'TREATMENT' and d.code = 'COUNTRY' and v.license_no = d.license_no)
        or v.cell = d.cell
        -- what a vendor owes it owes alone, where later nights are not told of its day again
        and not (
            v.source_says = 'nothing'
            and exists (select 1 from coverage as c where c.source = 'shipments' and c.from_on is not null)
        )
        and (
            v.code = d.code
            -- a vendor need not know a license, nor until when it is in force
            or v.code = 'UNLICENSED_EXPORT' or (v.code = 'PERIOD' and d.code = 'EXPIRED_USE')
            or (
                v.code in ('QUANTITY', 'UNIT', 'DUPLICATE', 'CUMULATIVE_AS_DELTA')
                and d.code in ('QUANTITY', 'UNIT', 'DUPLICATE', 'CUMULATIVE_AS_DELTA')
            )
        )
);

update found
set agree = 'ledger+declarations'
where
    source = 'shipments' and agree is null
    and code in (
        'QUANTITY', 'UNIT', 'COUNTRY', 'DEVICE', 'DEVICE_UNKNOWN', 'PERIOD', 'DUPLICATE', 'MISSING_IN_SOURCE',
        'TREATMENT', 'UNKNOWN_LICENSE'
    )
    and rowid in (select i.found_id from at_issue as i)
    and rowid not in (
        select i.found_id
        from at_issue as i
        where
            i.seq in (select o.seq from lone_line as o where o.source = 'declarations')
            or i.seq in (select d.seq from at_issue as d where d.source = 'declarations')
    )
    -- customs need not name the device
    and rowid not in (
        select i.found_id
        from at_issue as i
        inner join pair as p on p.source = 'declarations' and i.seq = p.seq
        inner join declaration as d on p.row_id = d.row_id
        where i.cell = 'device' and d.device_id is null
    );

-- elsewhere: one row per set that customs and the vendor say went to another country, and what it is worth as
-- two of the three say: what customs has, or, where customs alone has another quantity or device, what the
-- ledger has. No two may agree on that; then there is no figure.
create table elsewhere as
with judged as (
    select
        c.seqs,
        bool_and(
            f.code = 'COUNTRY'
            or coalesce(f.agree = 'declarations+shipments', false)
            -- what needs no third witness
            or (f.agree is null and f.code in ('DUPLICATE', 'CUMULATIVE_AS_DELTA'))
        ) as as_told,
        bool_and(f.code = 'COUNTRY' or coalesce(f.agree = 'ledger+shipments', false)) as as_held,
        min(c.told_tpp) as told_tpp,
        min(c.tpp) as tpp,
        min(c.told_quantity) as told_quantity,
        min(c.quantity) as quantity,
        min(coalesce(c.told_device_id, c.device_id, w.device_id)) as told_device_id,
        min(c.device_id) as device_id
    from found as f
    inner join compared as c on f.source = c.source::varchar and f.seqs = c.seqs
    left join license_worth as w on c.license_no = w.license_no
    where
        f.source = 'declarations'
        and f.code in ('COUNTRY', 'DEVICE', 'QUANTITY', 'UNIT', 'DUPLICATE', 'CUMULATIVE_AS_DELTA')
    group by c.seqs
    having
        bool_or(
            f.code = 'COUNTRY' and f.reason is null and coalesce(f.agree = 'declarations+shipments', false)
        )
),

agreed as (
    select
        j.seqs,
        case when j.as_told then j.told_tpp when j.as_held then j.tpp end as tpp,
        case when j.as_told then j.told_quantity when j.as_held then j.quantity end as quantity,
        case when j.as_told then j.told_device_id when j.as_held then j.device_id end as device_id
    from judged as j
)

select
    a.seqs,
    a.tpp,
    d.device_id,
    case when d.device_id is not null then a.quantity end as quantity
from agreed as a
-- what would be refused as another device's TPP is told by its TPP alone
left join device as d on a.device_id = d.device_id and abs(a.quantity * d.tpp - a.tpp) <= a.tpp // 50;

update found
set
    elsewhere_tpp = e.tpp,
    elsewhere_device_id = e.device_id,
    elsewhere_quantity = e.quantity
from elsewhere as e
where found.source = 'declarations' and found.seqs = e.seqs;
