-- One comment per view over entries, per column of one, and per macro. A line `name: words` of a macro is
-- about one of its arguments, or about a column that no table has.
comment on view posting is
    'One row per leg: each entry takes its TPP out of one bucket and puts it into another; legs sum to zero.';

comment on column posting.seq is
    'Number of the entry';

comment on column posting.country is
    'Country whose quota is charged, ISO 3166-1 alpha-2';

comment on column posting.quota is
    'The quota: programme and holder, as in country/AE';

comment on column posting.bucket is
    'Bucket: regime, headroom, licensed, exported, blocked';

comment on column posting.license_no is
    'Number of the license; empty where the bucket is the quota''s own';

comment on column posting.tpp is
    'Whole TPP that enter the bucket; negative where they leave it';

comment on view headroom_daily is
    'One row per country and day, from its opening to today: headroom at the day''s close, by effective day.';

comment on column headroom_daily.country is
    'ISO 3166-1 alpha-2';

comment on column headroom_daily.on_day is
    'Day, by which entries had taken effect';

comment on column headroom_daily.headroom_tpp is
    'What was left at its close, whole TPP';

comment on column headroom_daily.headroom_h100e is
    'The same in H100-equivalents, cut to two decimals toward zero';

comment on view correction is
    'One row per entry that was undone: by which, and what was posted in its place.';

comment on column correction.undone_seq is
    'Number of the entry that was undone';

comment on column correction.undoing_seq is
    'Number of the entry that undid it';

comment on column correction.instead_seq is
    'Number of the entry that was posted in its place; null where there is none';

comment on column correction.first_seq is
    'Number of the entry that stood first: what was undone, unless that stood in the place of another';

comment on view state_event is
    'One row per crossing: the last entry of a group after which a country''s balance state was another one.';

comment on column state_event.seq is
    'Number of the entry';

comment on column state_event.country is
    'ISO 3166-1 alpha-2';

comment on column state_event.effective_on is
    'Day on which the entry took effect';

comment on column state_event.recorded_at is
    'Instant at which the entry was recorded, UTC';

comment on column state_event.from_state is
    'Balance state before; null for the first entry';

comment on column state_event.to_state is
    'Balance state after';

comment on column state_event.allocated_tpp is
    'Allocation after the entry, whole TPP';

comment on column state_event.headroom_after_tpp is
    'Headroom after the entry, whole TPP';

comment on macro table headroom is -- noqa: PRS
    'One row per country: its quota and what is left of it, as of a day, as known at an instant.
as_of: What had taken effect on this day; null: everything
known_at: What had been recorded at this instant, UTC; null: everything';

comment on macro table running is
    'One row per entry of a country''s quota: the headroom after it. It is asked with values, not with columns.
as_of: Only what had taken effect on this day; null: everything
known_at: Only what had been recorded at this instant, UTC; null: everything';

comment on macro table statement is
    'One row per entry of one country, with its headroom after each.
country_code: ISO 3166-1 alpha-2
as_of: Only what had taken effect on this day; null: everything
known_at: Only what had been recorded at this instant, UTC; null: everything
headroom_after_h100e: Headroom after the entry in H100-equivalents, cut to two decimals toward zero';

comment on macro known_country is
    'The same country, or an error where there is none of that name here; null for null.
given: ISO 3166-1 alpha-2';

comment on macro fit_for_windows is
    'Whether running sums are right in this DuckDB; an error where they are not.';

comment on macro table licenses is
    'One row per license: what was licensed, exported and released under it, and what it still holds.
country_code: ISO 3166-1 alpha-2; null: all countries
as_of: What had taken effect on this day; null: everything
known_at: What had been recorded at this instant, UTC; null: everything';

comment on macro h100e is
    'TPP as H100-equivalents: tpp / h100_tpp, cut to two decimals toward zero.
tpp: Whole TPP
h100_tpp: TPP of one H100';

comment on macro balance_state is
    'The state of a balance: open, watch, critical, exhausted or overdrawn; null where an argument is.
allocated_tpp: Whole TPP
headroom_tpp: Whole TPP
h100_tpp: TPP of one H100
watch_percent: Used percent from which it is watch
critical_percent: Used percent from which it is critical';

comment on macro percent is
    'How much of a whole a part is: percent, cut to one decimal; null where the whole is nothing.
part: Whole number
whole: Whole number';

comment on macro used_percent is
    'What is not left: percent of the allocation, cut to one decimal; null where nothing was allocated.
allocated_tpp: Whole TPP
headroom_tpp: Whole TPP';

comment on macro control_state is
    'What an account may be used for: none (no bar), blocked, suspended or closed; null where an argument is.
is_closed: Whether its period is over, its country left Tier 2, or another country''s quota is charged
allocated_tpp: Whole TPP
blocked_tpp: Set aside, whole TPP
headroom_tpp: Whole TPP
h100_tpp: TPP of one H100';

comment on macro into_bucket is
    'What a move puts into a bucket: its TPP, its TPP taken away, or 0.
bucket: One of regime, headroom, licensed, exported and blocked
source: Bucket that TPP leave
target: Bucket that TPP enter
tpp: Whole TPP';

comment on macro instant_of is
    'An instant as it is asked for, as a timestamp in UTC: a day is its end.
given: A day, an instant or text; text that names no offset and no zone (as Europe/Zurich) is UTC';

comment on macro is_undone is
    'Whether an entry was undone by another one.
entry_seq: Number of the entry
known_at: Only what had been recorded at this instant, UTC; null: everything';

comment on macro license_state is
    'The state of a license: void, exhausted, expired, released, revoked, surrendered, superseded or active.
licensed_tpp: All that was licensed under it, whole TPP; null: the state is null
outstanding_tpp: What it still holds, whole TPP; null: the state is null
released_reason: First word of why it was released, in small letters; null: it was not
expires_on: Its last day; null: it has none
on_day: The day that is asked about; null: the state is null';
