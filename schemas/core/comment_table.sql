-- One comment per table, view of what stands now, and column of theirs: in words and units. A column of
-- one name means the same wherever it stands.
comment on table entry is
    'One row per entry: whole TPP moved from one bucket of a quota to another; never changed, only undone.';

comment on column entry.seq is
    'Number of the entry, from 1, without gaps: the order in which all was recorded';

comment on column entry.country is
    'Country whose quota is charged, ISO 3166-1 alpha-2';

comment on column entry.kind is
    'What happened: license, export, release and seven others (table move)';

comment on column entry.tpp is
    'Total processing performance in whole TPP, above zero; in posting negative where it leaves a bucket';

comment on column entry.to_headroom_tpp is
    'What the entry adds to the headroom of its country, whole TPP; negative where it takes from it';

comment on column entry.programme is
    'Which quota is charged: country, or later nveu, uveu, lpp';

comment on column entry.effective_on is
    'Day on which it took effect, as given';

comment on column entry.recorded_at is
    'Instant at which the ledger recorded it, UTC, by its own clock; never goes back';

comment on column entry.license_no is
    'Number of the license; empty or null where the bucket is the quota''s own';

comment on column entry.device_id is
    'Device by its id in the catalogue (table device); null where only TPP was given';

comment on column entry.quantity is
    'Whole devices; null where only TPP was given';

comment on column entry.expires_on is
    'Last day of the license';

comment on column entry.reverses_seq is
    'Number of the entry that this one undoes; null for most';

comment on column entry.consignee is
    'Who receives the goods, as given';

comment on column entry.exporter is
    'Who sends the goods, as given';

comment on column entry.reference is
    'Reference of the source: an ITN, the number of an application';

comment on column entry.reason is
    'Why, in words; required for release, block and overrun';

comment on column entry.holder is
    'Whose quota it is: the country, or a company';

comment on column entry.quota is
    'The quota: programme and holder, as in country/AE';

comment on column entry.regime is
    'Regime under which it was posted';

comment on column entry.request_id is
    'Id of the request, safe to repeat; for a row of a file 32 digits of its SHA-256 and its number';

comment on column entry.request_part is
    'Which entry of the request it is, from 0';

comment on column entry.body_hash is
    'SHA-256 of what was asked, in hex, where the request brought an id of its own';

comment on column entry.group_id is
    'Id that the entries of one submission share, all posted or none, as of a correction; null for one alone';

comment on column entry.actor is
    'Who posted it';

comment on column entry.approver is
    'Second officer who approved it; null where none was needed';

comment on column entry.headroom_after_tpp is
    'Headroom of the country after the entry, whole TPP, in the order of recording';

comment on column entry.hash_v is
    'Version of the form that is hashed';

comment on column entry.prev_hash is
    'Hash of the entry before, 64 hex digits';

comment on column entry.hash is
    'SHA-256 over the entry and the hash before it, 64 hex digits';

comment on table country is
    'One row per country: the names by which the regulations and feeds know it.';

comment on column country.country is
    'ISO 3166-1 alpha-2';

comment on column country.alpha_3 is
    'ISO 3166-1 alpha-3';

comment on column country.country_name is
    'Name of the country in English';

comment on column country.treated_as is
    'Country to which it is charged instead; null for most';

comment on column country.valid_from is
    'First day on which the row holds';

comment on column country.valid_to is
    'Last day on which the row holds; null: it still does';

comment on column country.source is
    'Where the row comes from';

comment on table device is
    'One row per device of the catalogue: what one of them counts.';

comment on column device.device_id is
    'Id of the device in this catalogue';

comment on column device.vendor is
    'Maker';

comment on column device.device_name is
    'Name of the device as the maker writes it';

comment on column device.tpp is
    'TPP of one device: 2 x MacTOPS x bit length, dense, the highest of all precisions, over all its chips';

comment on column device.declared_tpp is
    'TPP of one device as its maker declares it; null where none is declared';

comment on column device.counts_3a090_a is
    'Whether it is a 3A090.a item, which draws the cap; null: not known';

comment on column device.confidence is
    'How sure the figure is: the words of the catalogue';

comment on column device.valid_from is
    'First day on which the row holds';

comment on column device.valid_to is
    'Last day on which the row holds; null: it still does';

comment on column device.source is
    'Where the row comes from';

comment on table tier is
    'One row per country and span of days: the tier in which the regime lists it.';

comment on column tier.country is
    'ISO 3166-1 alpha-2';

comment on column tier.tier is
    '1 (no allocation needed), 2 (a quota) or 3 (a policy of denial)';

comment on column tier.valid_from is
    'First day in this tier';

comment on column tier.valid_to is
    'Last day in this tier; null: it still is';

comment on table move is
    'One row per kind of entry: out of which bucket it takes TPP, and into which it puts them.';

comment on column move.kind is
    'Kind of entry';

comment on column move.source is
    'Bucket that TPP leave: regime, headroom, licensed, exported, blocked';

comment on column move.target is
    'Bucket that TPP enter';

comment on table regime is
    'One row: the rules under which the ledger runs.';

comment on column regime.regime is
    'Id of the regime';

comment on column regime.title is
    'Title of the rule';

comment on column regime.status is
    'How firm it is, not whether it is in force: confirmed (read in its text), secondary, derived or choice';

comment on column regime.notice is
    'What figures under it are not';

comment on column regime.citation is
    'Where the rule stands';

comment on column regime.period_from is
    'First day of the period that a cap is for';

comment on column regime.period_to is
    'Last day of the period that a cap is for';

comment on column regime.cap_tpp is
    'Allocation of one country for the whole period, whole TPP';

comment on column regime.h100_tpp is
    'TPP of one H100, by which H100-equivalents are divided';

comment on column regime.watch_percent is
    'Used percent from which the state is watch';

comment on column regime.critical_percent is
    'Used percent from which the state is critical';

comment on table today is
    'One row: the day by the ledger''s own clock, which decides what has expired and what is closed.';

comment on column today.on_day is
    'Day, UTC';

comment on view headroom is
    'One row per country: what is left of its quota now: allocated - licensed - exported - blocked.';

comment on column headroom.country is
    'ISO 3166-1 alpha-2';

comment on column headroom.country_name is
    'Name of the country in English';

comment on column headroom.allocated_tpp is
    'Allocation, whole TPP';

comment on column headroom.licensed_tpp is
    'Licensed and not yet exported, whole TPP; in license all that was licensed under it';

comment on column headroom.exported_tpp is
    'Exported, whole TPP';

comment on column headroom.blocked_tpp is
    'Set aside, whole TPP';

comment on column headroom.headroom_tpp is
    'What is left, whole TPP; below zero where it is overdrawn';

comment on column headroom.headroom_h100e is
    'What is left in H100-equivalents, cut to two decimals toward zero: TPP / h100_tpp of the regime';

comment on column headroom.used_percent is
    'What is not left, percent of the allocation, cut to one decimal';

comment on column headroom.balance_state is
    'open, watch, critical, exhausted (less than one H100 is left) or overdrawn';

comment on column headroom.control_state is
    'none, blocked (part of what is left is set aside), suspended (all of it is) or closed';

comment on column headroom.last_seq is
    'Number of the last entry of the country';

comment on view license is
    'One row per license: what was licensed, exported and released under it, and what it still holds, now.';

comment on column license.license_no is
    'Number of the license';

comment on column license.country is
    'ISO 3166-1 alpha-2';

comment on column license.consignee is
    'Who receives the goods, as last given';

comment on column license.device_id is
    'Device by its id in the catalogue, as last given';

comment on column license.licensed_tpp is
    'All that was licensed under it, whole TPP';

comment on column license.exported_tpp is
    'Exported under it and not returned, whole TPP';

comment on column license.released_tpp is
    'Given back unused, whole TPP';

comment on column license.outstanding_tpp is
    'Still held, whole TPP: not what returned for good or left beyond it; if expired, for late records only';

comment on column license.issued_on is
    'First day of the license';

comment on column license.expires_on is
    'Last day of the license';

comment on column license.license_state is
    'active, expired, exhausted, released, revoked, surrendered, superseded or void';

comment on view meta is
    'One row: which ledger this is, up to which entry, and what may be asked of it.';

comment on column meta.seq is
    'Number of the last entry';

comment on column meta.head_hash is
    'Hash of the last entry, 64 hex digits: whoever has it holds the whole history to it';

comment on column meta.recorded_at is
    'Instant at which the last entry was recorded, UTC';

comment on column meta.as_of is
    'Day on which it stands so, UTC: it decides what has expired and what is closed';

comment on column meta.regime is
    'Id of the regime';

comment on column meta.h100_tpp is
    'TPP of one H100, by which H100-equivalents are divided';

comment on column meta.surface_version is
    'Version of these tables, views and macros: what runs on one runs on all of the same number';

comment on table refusal is
    'One row per refusal: what was asked, which rule it broke, and the answer, attempt by attempt.';

comment on column refusal.request_id is
    'Id of the request; posted later, an entry has it';

comment on column refusal.attempt is
    'Which attempt of the request it was, from 1';

comment on column refusal.type is
    'The rule, as scripts see it: OverHeadroom, OverLicense, LicenseExpired and others';

comment on column refusal.kind is
    'What was asked: license, export and others; null where a name was not known, or as in 0.2 not kept';

comment on column refusal.country is
    'ISO 3166-1 alpha-2; null where none could be told';

comment on column refusal.license_no is
    'Number of the license; null where there was none';

comment on column refusal.effective_on is
    'Day on which it was to take effect';

comment on column refusal.asked_tpp is
    'What was asked for, whole TPP; null where that was not the matter';

comment on column refusal.headroom_tpp is
    'What was left then, whole TPP; null where that was not the matter';

comment on column refusal.short_by_tpp is
    'How much too little that was, whole TPP';

comment on column refusal.refused_at is
    'Instant at which it was refused, UTC';

comment on column refusal.actor is
    'Who asked';

comment on column refusal.detail is
    'The answer: a sentence with numbers';

comment on table break is
    'One row per break: a difference between ledger and sources that a reconciliation found, as it stands.';

comment on column break.fingerprint is
    'What it is known by in every run: 16 hex digits';

comment on column break.code is
    'What sort of difference: QUANTITY, MISSING_IN_LEDGER, COUNTRY and others';

comment on column break.severity is
    'info, minor, major, severe or critical';

comment on column break.country is
    'ISO 3166-1 alpha-2; null where it is about no country';

comment on column break.license_no is
    'Number of the license; null where it is about none';

comment on column break.device_id is
    'Device by its id in the catalogue; null where it is about none';

comment on column break.source is
    'Feed that says something else than the ledger';

comment on column break.key is
    'What it is about: the number of a declaration, a delivery, a file';

comment on column break.net_tpp is
    'Ledger minus source, whole TPP';

comment on column break.at_stake_tpp is
    'What it is ranked by, whole TPP, never below zero';

comment on column break.state is
    'new, taken, proposed, confirmed, posted, accepted, cleared or reopened';

comment on column break.is_open is
    'Whether it is neither cleared nor, on this day, accepted; what is in transit (info) is open too';

comment on column break.owner is
    'Who took it; null: nobody yet';

comment on column break.first_seen_on is
    'Day of the run that first found it';

comment on column break.last_seen_on is
    'Day of the run that last told of it';

comment on column break.age_working_days is
    'Mondays to Fridays since the day that first found it';

comment on column break.age is
    'The same in five parts: 0-1, 2-5, 6-10, 11-20, > 20';

comment on column break.detail is
    'The difference in a sentence';

comment on column break.other_country is
    'The second country that it is about, where there are two: of a COUNTRY where the source has it';
