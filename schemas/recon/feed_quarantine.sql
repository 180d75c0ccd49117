-- Marks each record that something is amiss with, by the code of what comes first.
update told set quarantine = i.code
from (select row_id, arg_min(code, rank) as code from issue group by row_id) as i
where told.rowid = i.row_id
