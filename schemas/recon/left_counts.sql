-- One row: whether anything is left to be matched: how many lines, times how many rows of the source.
select
    (select count(*) from left_line)
    * ((select count(*) from left_told) + (select count(*) from left_cancelled)) as pairs
