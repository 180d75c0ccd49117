-- Copies what arrives into `came_back`: one row there is one row here.
insert into came_back by name
from arriving
