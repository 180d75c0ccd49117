-- left_line, left_told: takes out of what is still looked for the rows that a key has matched.
delete from left_line
where seq in (
    select p.seq
    from pair_kept as p
    inner join now_source as n on p.source = n.source
    where p.seq is not null
);

delete from left_told
where row_id in (
    select p.row_id
    from pair_kept as p
    inner join now_source as n on p.source = n.source
    where p.row_id is not null
);
