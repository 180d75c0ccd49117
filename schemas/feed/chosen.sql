-- One row each combination of words in the columns that take one of some words.
select distinct columns(lambda name: list_contains($chosen, name)) from cell where broken is null
