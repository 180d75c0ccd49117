-- One row a device: how many were licensed and not undone, and what TPP that is by the catalogue.
select e.device_id, d.device_name, sum(e.quantity)::bigint as quantity, (sum(e.quantity) * d.tpp)::bigint as catalog_tpp
from entry as e
inner join device as d on e.device_id = d.device_id
where
    e.kind = 'license' and e.reverses_seq is null
    and not exists (select 1 from entry as u where u.reverses_seq = e.seq)
group by e.device_id, d.device_name, d.tpp
order by e.device_id
