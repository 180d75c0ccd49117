-- From schema 1 to 2, once the head is filled: the old one goes, and its triggers with it.
drop table head_1;
