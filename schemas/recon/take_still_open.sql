-- Copies what arrives into `still_open`: one row there is one row here.
insert into still_open by name
from arriving
