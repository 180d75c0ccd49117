-- One row per entry that holds a value which no entry can have, and in which columns.
select
    a.place as seq,
    'values that an entry can have' as expected,
    concat_ws(
        ', ',
        case when a.seq is distinct from a.place then 'seq' end,
        case when a.country is null then 'country' end,
        case when a.kind is null then 'kind' end,
        case when a.tpp is null then 'tpp' end,
        case when a.programme is null then 'programme' end,
        case when a.effective_on is null then 'effective_on' end,
        case when a.quota is null then 'quota' end,
        case when a.actor is null then 'actor' end,
        case when a.headroom_after_tpp is null then 'headroom_after_tpp' end
    ) as found
from arrived as a
where
    a.seq is distinct from a.place
    or a.country is null
    or a.kind is null
    or a.tpp is null
    or a.programme is null
    or a.effective_on is null
    or a.quota is null
    or a.actor is null
    or a.headroom_after_tpp is null
order by a.place
limit $most::bigint
