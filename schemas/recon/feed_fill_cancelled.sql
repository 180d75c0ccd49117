-- Fills what a cancellation leaves empty with what it cancels.
update told set
    told_on = coalesce(told.told_on, w.told_on), license_no = coalesce(told.license_no, w.license_no),
    country = coalesce(told.country, w.country),
    country_given = coalesce(told.country_given, w.country_given),
    device_id = coalesce(told.device_id, w.device_id),
    device_given = coalesce(told.device_given, w.device_given),
    quantity = coalesce(told.quantity, w.quantity), unit = w.unit,
    consignee = coalesce(told.consignee, w.consignee), exception = coalesce(told.exception, w.exception),
    eccn = coalesce(told.eccn, w.eccn), schedule_b = coalesce(told.schedule_b, w.schedule_b),
    filed_on = coalesce(told.filed_on, w.filed_on), transport = coalesce(told.transport, w.transport)
from (
    select s.row_id, t.*
    from standing as s
    inner join told as t on s.content_id = t.rowid
    where s.action = 'cancel'
) as w
where told.rowid = w.row_id
