-- One row per entry that arrives, of the columns that headroom needs, each given as a list.
insert into entry by name
select
    unnest($seq) as seq,
    unnest($country) as country,
    unnest($kind) as kind,
    unnest($tpp) as tpp,
    unnest($to_headroom_tpp) as to_headroom_tpp,
    unnest($programme) as programme,
    unnest($effective_on) as effective_on,
    unnest($recorded_at)::timestamptz at time zone 'UTC' as recorded_at
