-- Whether windows add up rightly: not in DuckDB 1.x, where they are wrong over a million rows.
create macro fit_for_windows() as
case
    when version() like 'v1.%' then error('DuckDB 1.x adds up long windows wrongly: use 2.0 or later')
    else true
end;
