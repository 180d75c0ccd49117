-- compared: adds one row per set that was matched and in which the sides may differ, with what each side
-- says.
insert into compared by name
with looked_at as (
    select
        'K1'::match_name as match_key,
        k.row_id as set_no,
        k.seq,
        k.row_id
    from k1_open as k
    cross join now_source as n
    where n.source = 'declarations' and k.seq is not null and k.row_id is not null
    union all
    select
        p.match_key,
        p.set_no,
        p.seq,
        p.row_id
    from pair_kept as p
    inner join now_source as n on p.source = n.source
),

ours as (
    select
        m.match_key,
        m.set_no,
        list(l.seq order by l.seq) as seqs,
        arg_min(l.country, l.seq) as country,
        arg_min(l.license_no, l.seq) as license_no,
        case when count(distinct coalesce(l.device_id, '')) = 1 then min(l.device_id) end as device_id,
        case when bool_and(l.quantity is not null) then sum(l.quantity)::bigint end as quantity,
        min(l.quantity) as least_quantity,
        max(l.quantity) as most_quantity,
        sum(l.tpp)::bigint as tpp,
        bool_and(l.device_id is null) as by_tpp,
        coalesce(sum(x.tpp), 0)::bigint as other_worth_tpp,
        min(l.on_day) as first_on,
        max(l.on_day) as last_on,
        arg_min(coalesce(l.itn || coalesce('/' || l.line_no, ''), 'entry ' || l.seq), l.seq) as line_key
    from (select distinct a.match_key, a.set_no, a.seq from looked_at as a where a.seq is not null) as m
    inner join line as l on m.seq = l.seq
    left join other_worth as x on m.seq = x.seq
    group by m.match_key, m.set_no
),

rows_told as (
    select
        m.match_key,
        m.set_no,
        t.*,
        t.quantity * case
            when w.piece_tpp is not null and coalesce(t.device_id = w.device_id, true) then w.piece_tpp
            else d.tpp
        end as tpp
    from (select distinct a.match_key, a.set_no, a.row_id from looked_at as a where a.row_id is not null) as m
    inner join told as t on m.row_id = t.row_id
    left join license_worth as w on t.license_no = w.license_no
    left join device as d on t.device_id = d.device_id
),

often as (
    select
        g.told_key,
        count(*) as tellings,
        sum(g.quantity)::bigint as quantity,
        sum(g.quantity) filter (g.standing <> 'repeat')::bigint as changes_quantity
    from telling as g
    where g.told_key in (select r.told_key from rows_told as r where r.version > 1) and g.standing <> 'stale'
    group by g.told_key
),

theirs as (
    select
        r.match_key,
        r.set_no,
        list(r.row_id order by r.row_id) as row_ids,
        arg_min(r.told_key, r.row_id) as told_key,
        min(r.country) as least_country,
        max(r.country) as most_country,
        arg_min(r.license_no, r.row_id) as license_no,
        case when count(distinct r.device_id) = 1 then min(r.device_id) end as device_id,
        case when bool_and(r.quantity is not null) then sum(r.quantity)::bigint end as quantity,
        case when bool_and(r.tpp is not null) then sum(r.tpp)::bigint end as tpp,
        min(r.on_day) as first_on,
        max(r.on_day) as last_on,
        sum(coalesce(o.tellings, 1))::bigint as tellings,
        sum(coalesce(o.quantity, r.quantity))::bigint as tellings_quantity,
        sum(coalesce(o.changes_quantity, r.quantity))::bigint as changes_quantity,
        bool_and(r.is_cancelled) as is_cancelled,
        arg_min(r.quarantine, r.row_id) as quarantine
    from rows_told as r
    left join often as o on r.told_key = o.told_key
    group by r.match_key, r.set_no
),

-- a piece is worth the same on either side
worth as (
    select
        o.match_key,
        o.set_no,
        case
            when
                o.quantity > 0 and h.quantity is not null and not h.is_cancelled and h.tpp is not null
                and coalesce(o.device_id = h.device_id, true)
                then o.other_worth_tpp::hugeint * h.quantity // o.quantity
            else 0
        end::bigint as other_tpp
    from ours as o
    inner join theirs as h on o.match_key = h.match_key and o.set_no = h.set_no
)

select
    n.source,
    o.match_key,
    o.set_no,
    o.seqs,
    o.country,
    o.license_no,
    o.device_id,
    o.quantity,
    o.least_quantity,
    o.most_quantity,
    o.tpp,
    o.first_on,
    o.last_on,
    o.line_key,
    h.row_ids,
    h.told_key,
    -- of several countries the one that the ledger does not have
    case when differs(h.least_country, o.country) then h.least_country else h.most_country end
        as told_country,
    h.license_no as told_license_no,
    h.device_id as told_device_id,
    h.quantity as told_quantity,
    -- what the source cannot be worth by itself is worth what the ledger says a piece is
    case
        when h.is_cancelled then 0
        else coalesce(
            h.tpp + w.other_tpp, h.quantity * o.tpp // nullif(o.quantity, 0),
            -- within what so many pieces of its devices can be worth
            least(greatest(o.tpp, h.quantity * b.least_tpp), h.quantity * b.most_tpp), o.tpp
        )
    end as told_tpp,
    o.by_tpp,
    w.other_tpp as other_worth_tpp,
    h.tpp is null and not h.is_cancelled as is_guessed,
    h.first_on as told_first_on,
    h.last_on as told_last_on,
    h.tellings,
    h.tellings_quantity,
    h.changes_quantity,
    h.is_cancelled,
    h.quarantine
from ours as o
inner join theirs as h on o.match_key = h.match_key and o.set_no = h.set_no
inner join worth as w on o.match_key = w.match_key and o.set_no = w.set_no
left join license_bound as b on o.license_no = b.license_no
cross join now_source as n;
