-- One row per country asked for (all of them where none is named): its quota and what is left of it.
from headroom(as_of := $as_of, known_at := $known_at)
where len($countries::varchar[]) = 0 or list_contains($countries::varchar[], country)
