-- One row: how many deliveries there are, and how many breaks about earlier ones are open.
select
    (select count(*) from shipment)
    + (select count(*) from awaited as a where a.source = 'shipments')
