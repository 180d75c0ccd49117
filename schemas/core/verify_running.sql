-- One row an entry whose stored headroom is not the running sum of its country's entries.
select
    e.seq,
    r.headroom_after_tpp as expected,
    e.headroom_after_tpp as found
from entry as e
inner join running() as r on e.seq = r.seq
where e.headroom_after_tpp <> r.headroom_after_tpp
order by e.seq
limit $most::bigint
