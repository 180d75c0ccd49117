-- Copies what arrives into `coverage`: one row there is one row here.
insert into coverage by name
from arriving
