-- found: adds one row per break among reexports and transfers in country: one leg of two, or other than was
-- reported.
insert into found by name
with told_of as (
    select
        t.*,
        p.seqs,
        p.country,
        p.license_no as posted_license_no,
        p.device_id as posted_device_id,
        p.quantity as posted_quantity,
        p.tpp as posted_tpp,
        p.first_on as posted_on,
        p.return_seqs,
        coalesce(p.seqs, p.return_seqs) as any_seqs,
        differs(t.from_country, t.to_country) as crosses,
        -- a return is due only where there is a quota that it goes back to
        c.credits_origin and differs(t.from_country, t.to_country) and q.country is not null as needs_return,
        k.license_no as known_license_no,
        k.issued_on,
        k.expires_on
    from transfer as t
    cross join terms as c
    left join posted as p on t.reference = p.reference
    left join country_held as q on t.from_country = q.country
    left join license_known as k on t.license_no = k.license_no
    where t.reference not in (select l.reference from late_transfer as l)
),

judged as (
    select
        o.*,
        case
            when o.quarantine is not null then o.quarantine
            -- the leg in is the one that takes a license
            when o.seqs is null and o.license_no is null and (o.has_in or not o.crosses)
                then 'UNLICENSED_EXPORT'
            when o.crosses and not (o.has_out and o.has_in) then 'REEXPORT_ONE_LEG'
            when o.seqs is null and o.license_no is not null and o.known_license_no is null
                then 'UNKNOWN_LICENSE'
            when
                o.seqs is null and o.return_seqs is null
                and o.first_on not between o.issued_on and o.expires_on
                then 'EXPIRED_USE'
            when o.seqs is null and o.return_seqs is null then 'MISSING_IN_LEDGER'
            when o.seqs is null or (o.needs_return and o.return_seqs is null) then 'REEXPORT_ONE_LEG'
            when differs(o.posted_license_no, o.license_no) and o.license_no is not null then 'TREATMENT'
            when differs(o.country, o.to_country) then 'COUNTRY'
            when coalesce(o.posted_device_id <> o.device_id, false) then 'DEVICE'
            when differs(o.posted_quantity, o.quantity) and is_ratio(o.posted_quantity, o.quantity)
                then 'UNIT'
            when
                differs(o.posted_quantity, o.quantity)
                and (o.posted_quantity is not null or o.posted_tpp <> o.tpp)
                then 'QUANTITY'
            when o.has_out and o.has_in and differs(o.out_quantity, o.quantity) then 'QUANTITY'
            when not is_same_day(o.posted_on, o.moved_on) and not is_same_day(o.posted_on, o.first_on)
                then 'PERIOD'
        end as code
    from told_of as o
)

select
    j.code,
    j.reference as key,
    '' as scope,
    'reexports' as source,
    coalesce(j.country, j.to_country) as country,
    case when j.crosses then j.from_country end as other_country,
    coalesce(j.posted_license_no, j.license_no) as license_no,
    coalesce(j.posted_device_id, j.device_id) as device_id,
    j.any_seqs as seqs,
    j.row_id,
    -- a slip into the future is looked at again by the next night, which may find it corrected
    case
        when j.posted_on is null and j.quarantine is not null and j.moved_on > c.as_of then c.as_of
        when j.code = 'EXPIRED_USE' then j.first_on
        else coalesce(j.posted_on, j.moved_on)
    end as on_day,
    case j.code
        when 'REEXPORT_ONE_LEG'
            then case
                when j.seqs is not null and j.return_seqs is not null then 'both legs'
                when j.seqs is not null then 'the leg in'
                when j.return_seqs is not null then 'the leg out'
                else 'neither leg'
            end
        when 'COUNTRY' then coalesce(j.country, 'nothing')
        when 'DEVICE' then j.posted_device_id
        when 'DEVICE_UNKNOWN' then case when j.any_seqs is null then 'nothing' else j.posted_device_id end
        when 'TREATMENT' then j.posted_license_no
        when 'PERIOD' then coalesce(j.posted_on::varchar, 'nothing')
        when 'EXPIRED_USE'
            then case when j.first_on > j.expires_on then 'expired ' || j.expires_on
                else 'issued ' || j.issued_on end
        else coalesce(
            j.posted_quantity::varchar,
            case
                when j.any_seqs is null then 'nothing'
                when j.seqs is null then 'the leg out'
                else format('{:,} TPP', j.posted_tpp)
            end
        )
    end as ledger_says,
    case j.code
        when 'REEXPORT_ONE_LEG'
            then case
                when j.has_out and j.has_in then 'both legs'
                when j.has_in then 'the leg in'
                else 'the leg out'
            end
        when 'COUNTRY' then j.to_country
        when 'DEVICE' then j.device_id
        when 'DEVICE_UNKNOWN' then q.value
        when 'TREATMENT' then j.license_no
        when 'PERIOD' then j.moved_on::varchar
        else case when j.out_quantity <> j.quantity then j.out_quantity || ' out, ' || j.quantity || ' in'
            else j.quantity::varchar end
    end as source_says,
    (coalesce(j.posted_tpp, 0) - case when j.has_in then j.tpp else 0 end)::bigint as net_tpp,
    0::bigint as other_tpp,
    case
        when j.code in ('QUANTITY', 'UNIT', 'DEVICE') and j.posted_tpp <> j.tpp then abs(j.posted_tpp - j.tpp)
        else greatest(coalesce(j.posted_tpp, 0), j.tpp)
    end::bigint as at_stake_tpp,
    false as is_critical
from judged as j
inner join coverage as c on c.source = 'reexports'
left join quarantined as q
    on q.source = 'reexports' and j.row_id = q.row_id and j.code = q.code and q.code = 'DEVICE_UNKNOWN'
where j.code is not null;

-- What the ledger posted as a reexport and nobody reported.
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
    p.quantity::varchar as ledger_says,
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
    and p.on_day >= coalesce(c.from_on, p.on_day);
