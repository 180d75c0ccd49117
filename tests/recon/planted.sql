-- One row per break that must be found: its code, what it is about, and the TPP at stake.
select
    e.code,
    case e.code when 'MISSING_IN_LEDGER' then 'Y' || substr(e.itn, 2) else e.itn end || '/1' as key,
    case e.code
        when 'QUANTITY' then e.piece_tpp
        when 'UNIT' then 7 * e.quantity * e.piece_tpp
        when 'DEVICE' then e.quantity * (e.piece_tpp - 4992)
        when 'MISSING_IN_LEDGER' then 2 * e.piece_tpp
        when 'STALE_AMENDMENT' then 5 * e.piece_tpp
        else e.quantity * e.piece_tpp
    end::bigint as tpp
from export as e
where e.code <> ''
order by e.code, e.itn
