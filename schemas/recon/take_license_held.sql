-- Copies what arrives into `license_held`: one row there is one row here.
insert into license_held by name
from arriving
