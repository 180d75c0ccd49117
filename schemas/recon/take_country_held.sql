-- Copies what arrives into `country_held`: one row there is one row here.
insert into country_held by name
from arriving
