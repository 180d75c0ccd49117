-- One row: what a country has left, and what its licenses would free that expire unused within 60 days.
select
    (
        select h.headroom_tpp
        from headroom(as_of := $as_of, known_at := $known_at) as h
        where h.country = $country
    ) as headroom_tpp,
    (
        select sum(l.outstanding_tpp)::bigint
        from licenses(country_code := $country, as_of := $as_of, known_at := $known_at) as l
        where l.expires_on between $today::date and $today::date + 60 and l.outstanding_tpp > 0
    ) as lapsing_tpp
