-- late_transfer: one row per transfer that the ledger posted under another reference: a line that no source
-- knows, with the same license, device, quantity and country, at most three days apart.
create table late_transfer as
select
    t.reference,
    l.seq
from transfer as t
inner join line as l
    on
        t.license_no = l.license_no and t.quantity = l.quantity and t.to_country = l.country
        and abs(t.moved_on - l.on_day) <= 3
        and coalesce(t.device_id = l.device_id, true)
where
    t.has_in
    and t.quarantine is null
    and t.reference not in (select p.reference from posted as p)
    and l.seq in (select o.seq from lone_line as o where o.source = 'declarations')
qualify
    row_number() over (partition by t.reference order by abs(t.moved_on - l.on_day), l.seq) = 1
    and row_number() over (partition by l.seq order by abs(t.moved_on - l.on_day), t.reference) = 1;

insert into pair_kept
select
    'reexports'::source_name as source,
    'K3'::match_name as match_key,
    l.seq as set_no,
    l.seq,
    t.row_id
from late_transfer as l
inner join transfer as t on l.reference = t.reference;

delete from lone_line where seq in (select l.seq from late_transfer as l);

-- The goods of a transfer left under the line whose delivery has most of their serial numbers (K5).
insert into pair_kept
with shared as (
    select
        r.row_id,
        s.row_id as shipment_row_id,
        count(*) as serials
    from serial as r
    inner join serial as s on r.serial = s.serial and r.source = 'reexports' and s.source = 'shipments'
    group by r.row_id, s.row_id
)

select
    'reexports'::source_name as source,
    'K5'::match_name as match_key,
    h.row_id as set_no,
    p.seq,
    h.row_id
from shared as h
inner join pair as p on p.source = 'shipments' and p.row_id = h.shipment_row_id and p.seq is not null
qualify row_number() over (partition by h.row_id order by h.serials desc, p.seq asc) = 1;
