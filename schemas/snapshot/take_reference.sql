-- One row per country, its tiers, device and move of the ledger's kinds, and one for the regime, as they were
-- sealed.
insert into country by name from sealed.country;

insert into tier by name from sealed.tier;

insert into device by name from sealed.device;

insert into move by name from sealed.move;

insert into regime by name from sealed.regime;
