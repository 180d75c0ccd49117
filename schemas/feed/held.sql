-- held: one row per column and what stands in it, once, however many cells have it; nothing too. Texts that
-- are known to be plain are many, and few of them may be at fault: the rest stand as one.
create or replace table held as
select column_name, unnest(texts) as value
from (
    unpivot (
        select
            list(distinct columns(lambda name: list_contains($told_apart, name))),
            list(distinct suspected(columns(lambda name: list_contains($plain_texts, name)), $name_length))
        from cell
        where broken is null
    )
    on columns(*) into name column_name value texts
);
