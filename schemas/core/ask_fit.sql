-- One row: what a country has left, and what its licenses would free: those that expire unused within
-- $lapsing_days days, and those that expired and were not released.
with unused as (
    select
        l.expires_on < $today::date as is_expired,
        l.outstanding_tpp
    from licenses(country_code := $country, as_of := $as_of, known_at := $known_at) as l
    where l.expires_on <= $today::date + $lapsing_days::integer and l.outstanding_tpp > 0
)

select
    (
        select h.headroom_tpp
        from headroom(as_of := $as_of, known_at := $known_at) as h
        where h.country = $country
    ) as headroom_tpp,
    (
        select coalesce(sum(u.outstanding_tpp) filter (not u.is_expired), 0)::bigint
        from unused as u
    ) as lapsing_tpp,
    (
        select coalesce(sum(u.outstanding_tpp) filter (u.is_expired), 0)::bigint
        from unused as u
    ) as expired_tpp
