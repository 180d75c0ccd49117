-- One row per combination of names in some columns of a file.
select distinct columns(lambda name: list_contains($names, name)) from cell
