-- spelling: one row per way of writing a country, with the country whose quota it means, or why there is
-- none.
create or replace table spelling as select * from given_spelling;

-- device_name: one row per name of a device, with the device it means, or why there is none.
create or replace table device_name as select * from given_device_name;
