-- One row per account and bucket: what it holds.
select
    p.quota,
    p.license_no,
    p.bucket,
    sum(p.tpp)::bigint as tpp
from posting as p
group by all
order by all
