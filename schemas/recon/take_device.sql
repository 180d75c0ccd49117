-- Copies what arrives into `device`: one row there is one row here.
insert into device by name
from arriving
