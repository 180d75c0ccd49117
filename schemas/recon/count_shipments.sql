-- One row: how many deliveries were told.
select count(*) as deliveries
from shipment
