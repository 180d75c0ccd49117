-- What left, or was to leave, beyond a license, without one, or outside its term?
-- Overruns and exports outside a term as recorded; the last export of a license under which more pieces of
-- its device left than it is for, with how many more; and the attempts that were refused and never posted
-- since.
-- $from_day: day = all; recorded or refused on this day or later
-- $to_day: day = today; recorded or refused on this day or before
-- $country: country = all; one country
-- needs: refusal
with term as (
    select
        l.license_no,
        l.country,
        l.consignee,
        l.issued_on,
        l.expires_on,
        -- a number may have been another country's, by mistake
        row_number() over (partition by l.license_no order by l.license_state = 'void', l.country) as place
    from licenses() as l
),

recorded as (
    select
        'recorded' as outcome,
        case
            when e.license_no is null then 'without a license'
            when e.effective_on > t.expires_on then 'after its expiry'
            when e.effective_on < t.issued_on then 'before its issue'
            when e.kind = 'overrun' then 'over its license'
        end as what,
        e.effective_on,
        e.recorded_at,
        e.country::varchar as country,
        e.license_no,
        coalesce(e.consignee, t.consignee) as consignee,
        e.device_id,
        e.quantity,
        e.tpp,
        e.reference,
        e.actor,
        e.seq,
        e.reason as detail
    from entry as e
    left join term as t on e.license_no = t.license_no and e.country::varchar = t.country
    where
        e.kind in ('overrun', 'export')
        and e.reverses_seq is null
        and not is_undone(e.seq)
),

-- of several devices, or of TPP alone, a license is for no number of pieces
licensed as (
    select
        e.license_no,
        e.country,
        min(e.device_id) as device_id,
        sum(e.quantity)::bigint as quantity
    from entry as e
    where e.kind = 'license' and e.reverses_seq is null and not is_undone(e.seq)
    group by e.license_no, e.country
    having count(distinct e.device_id) = 1 and bool_and(e.quantity is not null)
),

moved as (
    select
        e.license_no,
        sum(case e.kind when 'export' then e.quantity when 'restore' then -e.quantity end)::bigint
            as exported,
        max(e.seq) filter (e.kind = 'export') as seq
    from entry as e
    inner join licensed as l
        on
            e.license_no = l.license_no and e.country = l.country
            and coalesce(e.device_id = l.device_id, true)
    where
        e.kind in ('export', 'restore')
        and e.reverses_seq is null
        and not is_undone(e.seq)
    group by e.license_no
    -- how many came back is not known
    having bool_and(e.kind <> 'restore' or e.quantity is not null)
),

beyond as (
    select
        m.seq,
        l.device_id,
        m.exported,
        l.quantity as licensed
    from moved as m
    inner join licensed as l on m.license_no = l.license_no
    where m.exported > l.quantity
),

over_its_pieces as (
    select
        'recorded' as outcome,
        'over its pieces' as what,
        e.effective_on,
        e.recorded_at,
        e.country::varchar as country,
        e.license_no,
        coalesce(e.consignee, t.consignee) as consignee,
        b.device_id,
        b.exported - b.licensed as quantity,
        (b.exported - b.licensed) * d.tpp as tpp,
        e.reference,
        e.actor,
        e.seq,
        format(
            '{:,} exported, where the license is for {:,}; their TPP fits', b.exported, b.licensed
        ) as detail
    from beyond as b
    inner join entry as e on b.seq = e.seq
    inner join term as t on e.license_no = t.license_no and e.country::varchar = t.country
    left join device as d on b.device_id = d.device_id
),

declined as (
    select
        'refused' as outcome,
        case f.type
            when 'OverLicense' then 'over its license'
            when 'UnknownLicense' then 'without a license'
            when 'LicenseExpired' then 'outside its term'
        end as what,
        f.effective_on,
        f.refused_at as recorded_at,
        f.country,
        f.license_no,
        t.consignee,
        null as device_id,
        null as quantity,
        f.asked_tpp as tpp,
        null as reference,
        f.actor,
        null as seq,
        f.detail
    from refusal as f
    left join term as t on f.license_no = t.license_no and t.place = 1
    where
        (f.kind is null or f.kind in ('export', 'overrun'))
        and f.attempt = (select max(o.attempt) from refusal as o where o.request_id = f.request_id)
        and f.request_id not in (select p.request_id from entry as p)
)

select
    b.outcome,
    b.what,
    b.effective_on,
    b.recorded_at,
    b.country,
    c.country_name,
    b.license_no,
    b.consignee,
    b.device_id,
    b.quantity,
    b.tpp,
    b.reference,
    b.actor,
    b.seq,
    b.detail
from (
    from recorded
    union all
    from over_its_pieces
    union all
    from declined
) as b
left join country as c on b.country = c.country
where
    b.what is not null
    and ($from_day is null or b.recorded_at >= $from_day::date)
    and b.recorded_at < $to_day::date + 1
    and ($country is null or b.country = $country)
order by b.recorded_at, b.seq, b.country, b.license_no, b.detail
