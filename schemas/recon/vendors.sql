-- One row per vendor that told of a delivery.
select t.vendor
from vendor_told as t
order by t.vendor
