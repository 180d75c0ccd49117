-- Copies what arrives into `awaited`: one row there is one row here.
insert into awaited by name
from arriving
