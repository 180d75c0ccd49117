-- issue: one row per license whose TPP is not that of its devices.
insert into issue by name
select
    row_id, 10 as rank, 'LICENSE_DIFFERS' as code, 'licensed_tpp' as column_name, value, reason,
    false as is_critical
from given_issue
