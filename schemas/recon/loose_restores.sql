-- given_back: one row per restore of which the ledger does not say to which export it belongs, below zero as
-- it arrives among the lines.
create table given_back as
select l.*
from line as l
where l.tpp < 0;

delete from line where tpp < 0;
