-- One row a bucket: all that is in it. They sum to zero.
select p.bucket, sum(p.tpp)::bigint as tpp
from posting as p
group by rollup (p.bucket)
order by p.bucket nulls last
