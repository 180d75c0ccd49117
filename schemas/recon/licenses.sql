-- found: adds one row per break between the licenses of the ledger and those of the licensing office. Which
-- of the two knows a license, what each says it is for, and whether it still stands.
insert into found by name
with both_sides as (
    select
        coalesce(h.license_no, t.license_no) as license_no,
        h.license_no is not null as is_held,
        t.license_no is not null as is_told,
        coalesce(h.country, t.country) as country,
        coalesce(h.device_id, t.device_id) as device_id,
        coalesce(h.issued_on, t.issued_on) as issued_on,
        t.row_id,
        t.quarantine,
        coalesce(h.licensed_tpp, 0) as held_tpp,
        coalesce(
            t.licensed_tpp, t.quantity * (select d.tpp from device as d where d.device_id = t.device_id), 0
        ) as told_tpp,
        h.released_tpp,
        h.outstanding_tpp,
        h.license_state,
        h.consignee as held_consignee,
        t.consignee as told_consignee,
        h.device_id as held_device_id,
        t.device_id as told_device_id,
        h.device_ids,
        h.issued_on as held_issued_on,
        t.issued_on as told_issued_on,
        h.country as held_country,
        t.country as told_country,
        h.expires_on as held_expires_on,
        t.expires_on as told_expires_on,
        t.state as told_state,
        coalesce(
            (t.state in ('revoked', 'surrendered', 'superseded') and h.license_state in ('active', 'expired'))
            or (
                t.state in ('active', 'exhausted')
                and h.license_state in ('revoked', 'surrendered', 'superseded', 'void')
            ),
            false
        ) as differs_in_state
    from license_held as h
    full join license_told as t on h.license_no = t.license_no
),

weighed as (
    select
        b.*,
        -- the office may state a license with what was given up of it, or without
        b.told_tpp not in (b.held_tpp, b.held_tpp - b.released_tpp) as differs_in_tpp,
        coalesce(not is_same_day(b.held_expires_on, b.told_expires_on), false) as differs_in_term,
        differs(b.told_country, b.held_country) as differs_in_country,
        coalesce(not is_same_day(b.held_issued_on, b.told_issued_on), false) as differs_in_start,
        coalesce(len(b.device_ids) > 0 and not list_contains(b.device_ids, b.told_device_id), false)
            as differs_in_device,
        coalesce(is_another_name(b.held_consignee, b.told_consignee), false) as differs_in_consignee
    from both_sides as b
),

-- what left before the license was issued, as the office says
too_early as (
    select
        w.license_no,
        sum(l.tpp)::bigint as tpp
    from weighed as w
    inner join line as l on w.license_no = l.license_no and w.told_issued_on - 1 > l.on_day
    where w.differs_in_start
    group by w.license_no
),

judged as (
    select
        w.*,
        case
            when w.quarantine is not null then w.quarantine
            when not w.is_told then 'LICENSE_MISSING_SOURCE'
            when not w.is_held then 'LICENSE_MISSING_LEDGER'
            when
                w.differs_in_country or w.differs_in_tpp or w.differs_in_term or w.differs_in_state
                or w.differs_in_start or w.differs_in_device or w.differs_in_consignee
                then 'LICENSE_DIFFERS'
        end as code
    from weighed as w
)

select
    j.code,
    j.license_no as key,
    '' as scope,
    'licenses' as source,
    j.country,
    case when j.told_country <> j.held_country then j.told_country end as other_country,
    j.license_no,
    j.device_id,
    j.row_id,
    -- a slip into the future is looked at again by the next night, which may find it corrected
    case
        when j.quarantine is not null and j.issued_on > c.as_of then c.as_of
        else j.issued_on
    end as on_day,
    case
        when j.code <> 'LICENSE_DIFFERS' then j.held_tpp::varchar
        else concat_ws(
            ', ',
            case when j.differs_in_country then j.held_country end,
            case when j.differs_in_tpp then format('{:,} TPP', j.held_tpp) end,
            case when j.differs_in_device then j.held_device_id end,
            case when j.differs_in_consignee then j.held_consignee end,
            case when j.differs_in_start then 'from ' || j.held_issued_on end,
            case when j.differs_in_term then 'until ' || j.held_expires_on end,
            case when j.differs_in_state then j.license_state end
        )
    end as ledger_says,
    case
        when j.code <> 'LICENSE_DIFFERS' then j.told_tpp::varchar
        else concat_ws(
            ', ',
            case when j.differs_in_country then j.told_country end,
            case when j.differs_in_tpp then format('{:,} TPP', j.told_tpp) end,
            case when j.differs_in_device then j.told_device_id end,
            case when j.differs_in_consignee then j.told_consignee end,
            case when j.differs_in_start then 'from ' || j.told_issued_on end,
            case when j.differs_in_term then 'until ' || j.told_expires_on end,
            case when j.differs_in_state then j.told_state end
        )
    end as source_says,
    case
        when j.differs_in_country and j.is_held and j.is_told then j.held_tpp
        when j.is_held and j.is_told and j.told_tpp = j.held_tpp - j.released_tpp then 0
        else j.held_tpp - j.told_tpp
    end::bigint as net_tpp,
    case
        when j.differs_in_country and j.is_held and j.is_told then -j.told_tpp
        else 0
    end::bigint as other_tpp,
    case
        when j.code <> 'LICENSE_DIFFERS' then greatest(j.held_tpp, j.told_tpp)
        when j.differs_in_country then greatest(j.held_tpp, j.told_tpp)
        when j.differs_in_tpp then abs(j.held_tpp - j.told_tpp)
        -- who receives it moves no TPP, nor does a first day before which nothing left
        else greatest(
            case
                when j.differs_in_term or j.differs_in_state or j.differs_in_device then j.outstanding_tpp
                else 0
            end,
            coalesce(e.tpp, 0)
        )
    end::bigint as at_stake_tpp,
    false as is_critical
from judged as j
left join too_early as e on j.license_no = e.license_no
cross join coverage as c
where
    j.code is not null
    and c.source = 'licenses'
    and not (j.code = 'LICENSE_MISSING_SOURCE' and (j.license_state = 'void' or j.issued_on > c.as_of));
