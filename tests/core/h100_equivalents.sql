-- One row an amount of TPP: the H100-equivalents shown for it, cut to two decimals toward zero.
select v.tpp, h100e(v.tpp, 15832::bigint) as h100_equivalents
from (
    values
        (0::bigint), (1), (158), (159), (15831), (15832), (15833), (790000000), (9007199254740991),
        (-1), (-158), (-159), (-15831), (-15832), (-15833), (-9007199254740991)
) as v (tpp)
order by v.tpp
