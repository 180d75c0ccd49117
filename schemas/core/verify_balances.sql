-- One row an account and bucket: what the legs add up to (whole TPP).
select
    p.quota,
    p.license_no,
    p.bucket,
    sum(p.tpp)::bigint as tpp
from posting as p
group by all
