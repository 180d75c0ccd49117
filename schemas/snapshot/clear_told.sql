-- No row: what the store told up to the snapshot before is told anew.
delete from break;

delete from refusal;
