-- One row: what a country has left now, and what its licenses would free that expire unused within 60 days.
select
    (select h.headroom_tpp from headroom() as h where h.country = $country) as headroom_tpp,
    (
        select sum(l.outstanding_tpp)::bigint
        from licenses(country_code := $country) as l
        where l.expires_on between $today::date and $today::date + 60 and l.outstanding_tpp > 0
    ) as lapsing_tpp
where $asked_tpp::bigint > 0
