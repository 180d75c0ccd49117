-- Which sources and versions stand behind a number?
-- The regime, the lists and the catalog it rests on, each file and person that posted, and the programs at
-- work.
-- $as_of: day = today; what had taken effect on this day
-- $known_at: instant = now; what had been recorded at this instant
-- $country: country = all; behind the figures of one country
-- needs: version, reconciliation
with stood as (
    select
        e.*,
        -- rows of a file have its content's hash and their number as id, unless they brought one of their own
        nullif(regexp_extract(e.request_id, '^([0-9a-f]{32})-[0-9]{9}$', 1), '') as file_hash
    from entry as e
    where
        e.effective_on <= $as_of::date
        and ($known_at is null or e.recorded_at <= $known_at::timestamp)
        and ($country is null or e.country::varchar = $country)
),

behind as (
    select
        1 as place,
        'regime' as what,
        r.regime as name,
        r.status as version,
        null::bigint as entries,
        null::bigint as tpp,
        r.period_from as from_on,
        r.period_to as to_on,
        r.citation as source
    from regime as r
    union all
    select
        2 as place,
        'divisor' as what,
        'h100_tpp' as name,
        r.h100_tpp::varchar as version,
        null as entries,
        null as tpp,
        null as from_on,
        null as to_on,
        'H100-equivalents are TPP / this, rounded toward zero' as source
    from regime as r
    union all
    select
        3 as place,
        'country' as what,
        c.country || ' ' || c.country_name as name,
        c.valid_from::varchar as version,
        count(*) as entries,
        null as tpp,
        c.valid_from as from_on,
        c.valid_to as to_on,
        c.source
    from stood as s
    inner join country as c on s.country::varchar = c.country
    where $country is not null
    group by all
    union all
    select
        4 as place,
        'device' as what,
        d.device_id as name,
        d.valid_from::varchar || ', ' || d.confidence as version,
        count(*) as entries,
        try_cast(sum(s.tpp) as bigint) as tpp,
        d.valid_from as from_on,
        d.valid_to as to_on,
        d.source
    from stood as s
    inner join device as d on s.device_id = d.device_id
    group by all
    union all
    select
        5 as place,
        'file' as what,
        s.file_hash as name,
        'SHA-256' as version,
        count(*) as entries,
        try_cast(sum(s.tpp) as bigint) as tpp,
        min(s.recorded_at)::date as from_on,
        max(s.recorded_at)::date as to_on,
        'posted by ' || string_agg(distinct s.actor, ', ' order by s.actor) as source
    from stood as s
    where s.file_hash is not null
    group by s.file_hash
    union all
    select
        6 as place,
        'person' as what,
        s.actor as name,
        case when s.approver is null then 'alone' else 'approved by ' || s.approver end as version,
        count(*) as entries,
        try_cast(sum(s.tpp) as bigint) as tpp,
        min(s.recorded_at)::date as from_on,
        max(s.recorded_at)::date as to_on,
        'requests with ids of their own' as source
    from stood as s
    where s.file_hash is null
    group by s.actor, s.approver
    union all
    select
        7 as place,
        'reconciliation' as what,
        coalesce(n.source || ' run ' || n.run_number, n.run_id) as name,
        coalesce(n.content_sha256, n.status) as version,
        n.row_count as entries,
        null as tpp,
        n.run_on as from_on,
        n.run_on as to_on,
        case when n.source is null then 'the newest run' else 'a file of run ' || n.run_id end as source
    from reconciliation as n
    union all
    select
        8 as place,
        'program' as what,
        v.name,
        v.version,
        null as entries,
        null as tpp,
        null as from_on,
        null as to_on,
        v.detail as source
    from version as v
)

select
    b.what,
    b.name,
    b.version,
    b.entries,
    b.tpp,
    b.from_on,
    b.to_on,
    b.source
from behind as b
order by b.place asc, b.tpp desc nulls last, b.name asc, b.version asc
