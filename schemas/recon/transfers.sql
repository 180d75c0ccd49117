-- moved: one row per line that is no export from the United States but a reexport or a transfer in country,
-- which customs never sees: its reference is told as one, or goods came back under it from another country.
create table moved as
select l.*
from line as l
where
    l.reference in (select r.reference from reexport as r)
    or exists (
        select 1
        from came_back as b
        where b.reference = l.reference and b.country <> l.country
    );

delete from line where seq in (select m.seq from moved as m);

-- transfer: one row per reference that somebody reported, with the legs that were.
create table transfer as
select
    r.reference,
    min(r.row_id) as row_id,
    bool_or(r.leg = 'out') as has_out,
    bool_or(r.leg = 'in') as has_in,
    min(r.from_country) as from_country,
    min(r.to_country) as to_country,
    min(r.license_no) as license_no,
    min(r.device_id) as device_id,
    coalesce(max(r.quantity) filter (r.leg = 'in'), max(r.quantity)) as quantity,
    max(r.quantity) filter (r.leg = 'out') as out_quantity,
    min(r.row_id) filter (r.leg = 'out') as out_row_id,
    coalesce(max(r.moved_on) filter (r.leg = 'in'), max(r.moved_on)) as moved_on,
    min(r.moved_on) as first_on,
    arg_min(r.quarantine, r.row_id) as quarantine
from reexport as r
group by r.reference;

alter table transfer add column tpp bigint;

update transfer
set tpp = coalesce(
    transfer.quantity * coalesce(
        (
            select w.piece_tpp
            from license_worth as w
            where w.license_no = transfer.license_no and coalesce(w.device_id = transfer.device_id, true)
        ),
        (select d.tpp from device as d where d.device_id = transfer.device_id),
        (select max(m.tpp) from device as m)
    ),
    0
);

-- gave_back: one row per reference that somebody reported and country in which the ledger has returns under
-- it; what is returned from where the goods went, once they were there, is no leg of it. What has a TPP alone
-- is so many pieces, where that comes out even; told_tpp is what was reported to leave.
create table gave_back as
with leg as (
    select
        y.*,
        t.device_id as told_device_id,
        coalesce(t.out_quantity, t.quantity) as told_quantity,
        w.piece_tpp as stated_tpp,
        d.tpp as device_tpp,
        d.declared_tpp,
        t.tpp // nullif(t.quantity, 0) as told_piece_tpp,
        case
            when y.quantity is not null then y.quantity
            when y.tpp % w.piece_tpp = 0 then y.tpp // w.piece_tpp
            when y.tpp % d.tpp = 0 then y.tpp // d.tpp
            when y.tpp % d.declared_tpp = 0 then y.tpp // d.declared_tpp
        end as pieces
    from came_back as y
    inner join transfer as t on y.reference = t.reference
    left join license_worth as w
        on y.license_no = w.license_no and coalesce(w.device_id = t.device_id, true)
    left join device as d on t.device_id = d.device_id
    where differs(y.country, t.to_country) or y.on_day <= t.moved_on
),

summed as (
    select
        l.reference,
        l.country,
        list(l.seq order by l.seq) as seqs,
        -- of several devices one that was not reported
        coalesce(min(l.device_id) filter (l.device_id <> l.told_device_id), min(l.device_id)) as device_id,
        bool_or(l.device_id is null) as by_tpp,
        case when bool_and(l.pieces is not null) then sum(l.pieces)::bigint end as quantity,
        sum(l.tpp)::bigint as tpp,
        min(l.on_day) as first_on,
        max(l.on_day) as last_on,
        min(l.told_device_id) as told_device_id,
        min(l.told_quantity) as told_quantity,
        min(l.stated_tpp) as stated_tpp,
        min(l.device_tpp) as device_tpp,
        min(l.declared_tpp) as declared_tpp,
        min(l.told_piece_tpp) as told_piece_tpp
    from leg as l
    group by l.reference, l.country
)

select
    s.reference,
    s.country,
    s.seqs,
    s.device_id,
    -- one amount may be so many pieces of one worth, and so many of another
    case
        when
            s.by_tpp
            and s.tpp in (
                s.told_quantity * s.stated_tpp, s.told_quantity * s.device_tpp,
                s.told_quantity * s.declared_tpp
            )
            then s.told_quantity
        else s.quantity
    end as quantity,
    s.tpp,
    s.first_on,
    s.last_on,
    s.told_quantity,
    case
        when s.quantity > 0 and coalesce(s.device_id = s.told_device_id, true)
            then s.told_quantity::hugeint * s.tpp // s.quantity
        else s.told_quantity * coalesce(s.stated_tpp, s.device_tpp, s.told_piece_tpp)
    end::bigint as told_tpp
from summed as s;

-- posted: one row per reference under which the ledger moved something between countries, or within one.
create table posted as
with moved_in as (
    select
        x.reference,
        list(x.seq order by x.seq) as seqs,
        min(x.country) as country,
        min(x.license_no) as license_no,
        min(x.device_id) as device_id,
        case when bool_and(x.quantity is not null) then sum(x.quantity)::bigint end as quantity,
        sum(x.tpp)::bigint as tpp,
        min(x.on_day) as first_on,
        min(x.stood_seq) as stood_seq
    from moved as x
    group by x.reference
),

moved_out as (
    select
        y.reference,
        list(y.seq order by y.seq) as seqs,
        min(y.on_day) as first_on
    from came_back as y
    where
        y.seq in (select unnest(g.seqs) from gave_back as g)
        or (
            y.reference in (select x.reference from moved as x)
            and y.reference not in (select t.reference from transfer as t)
        )
    group by y.reference
)

select
    coalesce(m.reference, b.reference) as reference,
    m.seqs,
    m.country,
    m.license_no,
    m.device_id,
    m.quantity,
    m.tpp,
    m.first_on,
    m.stood_seq,
    b.seqs as return_seqs,
    coalesce(m.first_on, b.first_on) as on_day
from moved_in as m
full join moved_out as b on m.reference = b.reference;

insert into pair_kept
select
    'reexports'::source_name as source,
    'K1'::match_name as match_key,
    t.row_id as set_no,
    m.seq,
    t.row_id
from moved as m
inner join transfer as t on m.reference = t.reference;
