-- source_count: one row per source and filer: its records, those set aside, and those filed more than five
-- days after the goods left (15 CFR 30.9).
insert into main.source_count
select
    $of_source as source, filer, count(*)::bigint as row_count, count(quarantine)::bigint as quarantined,
    count(*) filter (action = 'add' and standing <> 'repeat' and filed_on > told_on + 5)::bigint as late
from told
group by filer
order by filer
