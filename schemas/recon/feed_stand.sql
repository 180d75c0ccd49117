-- Says of each telling in `standing` what it is worth beside the others.
update told set
    version = s.version, standing = s.standing, is_orphan = s.is_orphan, is_twice = s.is_twice,
    is_cancelled = s.action = 'cancel'
from standing as s
where told.rowid = s.row_id
