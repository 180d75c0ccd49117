-- One row a license and bucket, and one for what left without a license: what the legs add up to.
select p.country::varchar as country, p.license_no, p.bucket, sum(p.tpp)::bigint as tpp
from posting as p
where p.bucket in ('licensed', 'exported')
group by all
order by p.country::varchar, p.license_no, p.bucket
