-- issue: one row per thing that is amiss with a record that counts; `rank` says which comes first. Countable
-- units are left to be compared; weights and lengths are not. In a snapshot both of two that differ count.
insert into issue
with counted as (
    select rowid as row_id, *
    from told
    where (standing = 'current' or (is_twice and $is_snapshot)) and not is_cancelled
)

select row_id, 1 as rank, 'COUNTRY' as code, 'country' as column_name, country_given as value, s.reason, false
from counted inner join spelling as s on country_given = s.text
where s.country is null
union all
select row_id, 2, 'COUNTRY', 'from_country', from_given, s.reason, false
from counted inner join spelling as s on from_given = s.text
where s.country is null
union all
select
    v.row_id, 3, 'COUNTRY', v.column_name, v.given,
    case coalesce(t.tier, 0)
        when 3 then format('{} is Tier 3 on {}: a policy of denial applies', v.country, v.told_on)
        when 1 then format('{} is Tier 1 on {}: no allocation applies', v.country, v.told_on)
        else format('{} is on no list of this regime on {}', v.country, v.told_on)
    end,
    coalesce(t.tier, 0) = 3
from (
    select row_id, 'country' as column_name, country_given as given, country, told_on from counted
    union all
    select row_id, 'from_country', from_given, from_country, told_on
    from counted
    where from_country is not null
) as v
left join tier as t
    on v.country = t.country
    and least(greatest(v.told_on, $period_from::date), $period_to::date) between t.valid_from and t.valid_to
where
    v.country is not null and coalesce(t.tier, 0) <> 2
    and list_contains($tiers::integer[], coalesce(t.tier, 0))
union all
select row_id, 4, 'DEVICE_UNKNOWN', 'device_id', device_given, d.reason, false
from counted inner join device_name as d on device_given = d.text
where d.device_id is null
union all
select
    row_id, 5, 'UNIT', 'unit', unit_given,
    format('{} counts no pieces: quantity cannot be compared', unit_given), false
from counted
where
    unit not in (
        'NO', 'THS', 'HUN', 'DOZ', 'GRS', 'PR', 'PRS', 'SET', 'SETS', 'SYS', 'PK', 'PKG', 'CTN', 'RACK'
    )
union all
select
    row_id, 6, 'PERIOD', $day_column, told_on::varchar,
    case
        when told_on > $as_of::date
            then format('{} is after {}, the last day that the file reports on', told_on, $as_of)
        else format('{} is outside the period of the regime, {} to {}', told_on, $period_from, $period_to)
    end,
    false
from counted
-- a day off is a clock's: where it was still yesterday, or tomorrow already
where told_on > $as_of::date + 1 or told_on < $period_from::date or told_on > $period_to::date
union all
select
    row_id, 7, 'STALE_AMENDMENT', 'amendment_no', amendment_no::varchar,
    'is not above the amendment that is in force: it changes nothing', false
from (select rowid as row_id, * from told)
where standing = 'stale'
union all
select row_id, 8, 'STALE_AMENDMENT', 'action', action, 'amends what was never declared', false
from (select rowid as row_id, * from told)
where standing = 'current' and is_orphan and $is_complete
union all
select
    row_id, 9, 'LICENSE_DIFFERS', 'license_no', license_no, 'stands in one snapshot twice, and differently',
    false
from counted
where is_twice and $is_snapshot
