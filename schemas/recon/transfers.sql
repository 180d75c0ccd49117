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

-- posted: one row per reference under which the ledger moved something between countries, or within one.
create table posted as
with moved_in as (
    select
        x.reference,
        list(x.seq order by x.seq) as seqs,
        min(x.country) as country,
        min(x.license_no) as license_no,
        min(x.device_id) as device_id,
        sum(x.quantity)::bigint as quantity,
        sum(x.tpp)::bigint as tpp,
        min(x.on_day) as first_on
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
        y.reference in (select t.reference from transfer as t)
        or y.reference in (select x.reference from moved as x)
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
