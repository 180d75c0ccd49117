-- One row: how many deliveries there are, how many breaks about earlier ones are open, and how many vendors
-- owe some.
select
    (select count(*) from shipment)
    + (select count(*) from awaited as a where a.source = 'shipments')
    + coalesce((select len(c.vendors) from coverage as c where c.source = 'shipments'), 0)
