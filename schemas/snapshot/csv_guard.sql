-- One text as a cell that no spreadsheet takes for a formula: with an apostrophe before what looks like one.
create or replace temp macro guarded(x) as
case when x is not null and regexp_matches(x, '^[=+\-@\t\r]') then '''' || x else x end;

create or replace temp macro as_text(x) as strftime(x, '%Y-%m-%dT%H:%M:%S.%fZ');
