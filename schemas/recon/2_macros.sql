-- One row each is a word that the passes share: how many pieces a unit is, what an amount is worth, what is
-- missing. A unit counts pieces, or is read as if it did: a declaration in systems then shows as a ratio
-- (UNIT).
create macro pieces(quantity, unit) as
    quantity * case unit when 'DOZ' then 12 when 'THS' then 1000 else 1 end;

-- Two days that may be told apart by a time zone are the same.
create macro is_same_day(a, b) as abs(a - b) <= 1;

-- Where one figure is a whole multiple of another by which chips, systems and thousands are taken for each
-- other.
create macro is_ratio(a, b) as
    a > 0 and b > 0
    and list_contains([2, 4, 8, 16, 36, 72, 1000], greatest(a, b) // least(a, b))
    and greatest(a, b) % least(a, b) = 0;

-- Names that may be the same firm's: of 100, by how much two names are alike.
create macro likeness(a, b) as
    (100 * jaro_winkler_similarity(lower(strip_accents(a)), lower(strip_accents(b))))::integer;

-- Text as a spreadsheet may open it: an apostrophe before what it would take for a formula.
create macro guarded(x) as case when left(x, 1) in ('=', '+', '-', '@') then '''' || x else x end;

-- Two values of which either may be missing.
create macro differs(a, b) as a is distinct from b;
