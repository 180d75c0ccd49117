-- One row per license that holds something: how much, and its term.
select
    l.country,
    l.license_no,
    l.outstanding_tpp,
    l.issued_on,
    l.expires_on
from licenses(country_code := $country, as_of := $as_of, known_at := $known_at) as l
where l.outstanding_tpp > 0 and l.issued_on is not null
order by l.country, l.license_no
