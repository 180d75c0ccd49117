-- license_worth: one row per license whose TPP per piece is known: as the licensing office states it where
-- that is the TPP of its devices, or near it (else the row was set aside for it), else as the ledger does,
-- else as the catalogue has it. `license_known`: one row per license that either knows, with the days between
-- which it may be used.
create table license_worth as
with disputed as (
    select q.row_id
    from quarantined as q
    where q.source = 'licenses' and q.column_name = 'licensed_tpp'
),

stated as (
    select
        t.license_no,
        t.device_id,
        t.licensed_tpp // t.quantity as piece_tpp,
        -- what is stated of a device that nobody knows is all there is only where the ledger has nothing
        case when t.device_id is null then 4 else 1 end as place
    from license_told as t
    anti join disputed as d on t.row_id = d.row_id
    where t.quantity > 0 and t.licensed_tpp % t.quantity = 0
    union all
    select
        h.license_no,
        h.device_id,
        h.licensed_tpp // h.quantity as piece_tpp,
        2 as place
    from license_held as h
    where h.quantity > 0 and h.licensed_tpp % h.quantity = 0
    union all
    select
        t.license_no,
        t.device_id,
        c.tpp as piece_tpp,
        3 as place
    from license_told as t
    semi join disputed as d on t.row_id = d.row_id
    inner join device as c on t.device_id = c.device_id
)

select
    s.license_no,
    arg_min(s.device_id, s.place) as device_id,
    arg_min(s.piece_tpp, s.place) as piece_tpp
from stated as s
group by s.license_no;

create table license_known as
select
    coalesce(h.license_no, t.license_no) as license_no,
    coalesce(h.issued_on, t.issued_on) as issued_on,
    coalesce(h.expires_on, t.expires_on) as expires_on,
    h.license_no is not null as is_held
from license_held as h
full join license_told as t on h.license_no = t.license_no;
