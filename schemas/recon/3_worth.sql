-- license_worth: one row a license whose TPP a piece is known: as the licensing office states it, else as the
-- ledger does. `license_known`: one row a license that either knows, with the days between which it may be
-- used.
create table license_worth as
with stated as (
    select
        t.license_no,
        t.device_id,
        t.licensed_tpp // t.quantity as piece_tpp,
        1 as place
    from license_told as t
    where t.quantity > 0 and t.licensed_tpp % t.quantity = 0
    union all
    select
        h.license_no,
        h.device_id,
        h.licensed_tpp // h.quantity as piece_tpp,
        2 as place
    from license_held as h
    where h.quantity > 0 and h.licensed_tpp % h.quantity = 0
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
