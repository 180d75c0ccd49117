-- One row a headroom of an allocation of 1,000,000 TPP: its state; watch from 75 %, critical from 90 %.
select v.headroom_tpp, balance_state(1000000::bigint, v.headroom_tpp, 15832::bigint, 75, 90) as balance_state
from (
    values
        (1000000::bigint), (250001), (250000), (100001), (100000), (15832), (15831), (1), (0), (-1), (1580000)
) as v (headroom_tpp)
order by v.headroom_tpp desc
