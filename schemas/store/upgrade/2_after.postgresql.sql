-- From schema 1 to 2, once the head is filled: no ledger is without a name, a key or a tree.
alter table head alter column origin set not null;
alter table head alter column salt_key set not null;
alter table head alter column shared set not null;
alter table head alter column tree set not null;
