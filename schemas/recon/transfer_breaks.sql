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
        t.first_on + c.transit_days as due_on,
        -- a file of what came since does not tell a leg again beside the other
        v.from_on is null and due_on >= least(c.as_of, v.as_of)
        and case
            when t.has_out then p.seqs is null or p.return_seqs is not null or not needs_return
            else p.seqs is not null
        end as is_under_way,
        k.license_no as known_license_no,
        k.issued_on,
        k.expires_on
    from transfer as t
    cross join terms as c
    inner join coverage as v on v.source = 'reexports'
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
            when o.crosses and not (o.has_out and o.has_in) and o.is_under_way then 'IN_TRANSIT'
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
        end as code,
        case
            when o.seqs is not null and o.return_seqs is not null then 'both legs'
            when o.seqs is not null then 'the leg in'
            when o.return_seqs is not null then 'the leg out'
            else 'neither leg'
        end as posted_legs,
        case
            when o.has_out and o.has_in then 'both legs'
            when o.has_in then 'the leg in'
            else 'the leg out'
        end as told_legs
    from told_of as o
)

select
    j.code,
    j.reference as key,
    case j.code when 'IN_TRANSIT' then 'reexports' else '' end as scope,
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
        when j.code in ('EXPIRED_USE', 'IN_TRANSIT') then j.first_on
        else coalesce(j.posted_on, j.moved_on)
    end as on_day,
    case j.code
        when 'REEXPORT_ONE_LEG' then j.posted_legs
        when 'IN_TRANSIT' then j.posted_legs
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
        when 'REEXPORT_ONE_LEG' then j.told_legs
        when 'IN_TRANSIT' then j.told_legs
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
    false as is_critical,
    case
        when j.code = 'IN_TRANSIT'
            then format(
                'the report has the leg {} on {}; the leg {} is due by {}',
                case when j.has_out then 'out' else 'in' end, j.first_on,
                case when j.has_out then 'in' else 'out' end, j.due_on
            )
    end as reason
from judged as j
inner join coverage as c on c.source = 'reexports'
left join quarantined as q
    on q.source = 'reexports' and j.row_id = q.row_id and j.code = q.code and q.code = 'DEVICE_UNKNOWN'
where j.code is not null;

-- amiss_out: one row per break for what the ledger has returned, against the leg out, as far as that is told.
-- No license is named: what is returned draws on none.
create table amiss_out as
with told_of as (
    select
        b.*,
        t.from_country,
        t.device_id as told_device_id,
        t.out_row_id,
        t.row_id,
        t.first_on as told_first_on,
        t.moved_on as told_last_on,
        -- what is due where they left is due once
        case
            when
                c.credits_origin and t.from_country <> t.to_country and q.country is not null
                and t.from_country not in (
                    select o.country from gave_back as o where o.reference = t.reference
                )
                and row_number() over (partition by b.reference order by b.country) = 1
                then b.told_tpp
            else 0
        end as due_tpp
    from gave_back as b
    inner join transfer as t on b.reference = t.reference
    cross join terms as c
    left join country_held as q on t.from_country = q.country
    where t.quarantine is null and (t.has_out or t.from_country = t.to_country)
),

judged as (
    select
        o.*,
        case
            when o.country <> o.from_country then 'COUNTRY'
            when o.device_id <> o.told_device_id then 'DEVICE'
            when is_ratio(o.quantity, o.told_quantity) then 'UNIT'
            when differs(o.quantity, o.told_quantity) then 'QUANTITY'
            when
                not (
                    is_same_day(o.first_on, o.told_first_on) or is_same_day(o.first_on, o.told_last_on)
                    or is_same_day(o.last_on, o.told_first_on) or is_same_day(o.last_on, o.told_last_on)
                )
                then 'PERIOD'
        end as code,
        coalesce(format('{:,}', o.quantity), format('{:,} TPP', o.tpp)) as amount
    from told_of as o
)

select
    j.code,
    j.reference as key,
    case j.code when 'COUNTRY' then 'out ' || j.country else 'out' end as scope,
    'reexports' as source,
    j.country,
    case when j.code = 'COUNTRY' then j.from_country end as other_country,
    coalesce(j.device_id, j.told_device_id) as device_id,
    j.seqs,
    coalesce(j.out_row_id, j.row_id) as row_id,
    j.first_on as on_day,
    case j.code
        when 'COUNTRY' then j.country
        when 'DEVICE' then j.device_id
        when 'PERIOD' then j.first_on::varchar
        else coalesce(j.quantity::varchar, format('{:,} TPP', j.tpp))
    end as ledger_says,
    case j.code
        when 'COUNTRY' then j.from_country
        when 'DEVICE' then j.told_device_id
        when 'PERIOD' then j.told_first_on::varchar
        else j.told_quantity::varchar
    end as source_says,
    case j.code
        when 'COUNTRY' then -j.tpp
        when 'PERIOD' then 0
        else j.told_tpp - j.tpp
    end::bigint as net_tpp,
    case when j.code = 'COUNTRY' then j.due_tpp else 0 end::bigint as other_tpp,
    case
        when j.code in ('QUANTITY', 'UNIT', 'DEVICE') and j.told_tpp <> j.tpp then abs(j.told_tpp - j.tpp)
        else greatest(j.tpp, j.told_tpp)
    end::bigint as at_stake_tpp,
    false as is_critical,
    case j.code
        when 'COUNTRY'
            then format(
                'the ledger has {} returned in {}, the report has it leave {}',
                j.amount, j.country, j.from_country
            )
        when 'DEVICE'
            then format(
                'the ledger has {} returned in {}, the report has {} leave it',
                j.device_id, j.country, j.told_device_id
            )
        when 'PERIOD'
            then format(
                'the ledger has it returned in {} on {}, the report has it leave on {}',
                j.country, j.first_on, j.told_first_on
            )
        when 'UNIT'
            then format(
                'the ledger has {} returned in {}, the report has {:,} leave it: {} times, so one of them '
                || 'may count systems or thousands',
                j.amount, j.country, j.told_quantity,
                greatest(j.quantity, j.told_quantity) // least(j.quantity, j.told_quantity)
            )
        else format(
            'the ledger has {} returned in {}, the report has {:,} leave it',
            j.amount, j.country, j.told_quantity
        )
    end as reason
from judged as j
where j.code is not null;

-- What is wrong alike with both legs is one break.
update found set seqs = list_sort(list_concat(found.seqs, o.seqs))
from amiss_out as o
where
    found.source = 'reexports' and found.key = o.key and found.code = o.code
    and found.ledger_says = o.ledger_says and found.source_says = o.source_says;

insert into found by name
select o.*
from amiss_out as o
anti join found as f
    on
        f.source = 'reexports' and o.key = f.key and o.code = f.code
        and o.ledger_says = f.ledger_says and o.source_says = f.source_says;
