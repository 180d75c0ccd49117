-- One row per row without fault: its cells with their types, and the hash of its body. A plain filter, which
-- keeps the file's order without a sort.
with good as (
    select
        rowid as cell_id, line, kind, effective_on, expires_on, try_cast(quantity as bigint) as quantity,
        try_cast(tpp as bigint) as tpp, nfc_normalize(country) as country,
        nfc_normalize(license_no) as license_no, nfc_normalize(device_id) as device_id,
        nfc_normalize(request_id) as request_id, nfc_normalize(consignee) as consignee,
        nfc_normalize(exporter) as exporter, nfc_normalize(reference) as reference,
        nfc_normalize(reason) as reason, coalesce(nfc_normalize(programme), 'country') as programme,
        nfc_normalize(holder) as holder
    from cell
    where rowid >= $first and rowid < $after and not is_bad
)

select
    coalesce(line, cell_id + $first_line) as line, cell_id + 1 as row_number,
    kind, country, effective_on, license_no, device_id, quantity, tpp, expires_on, request_id, consignee,
    exporter, reference, reason, programme, holder,
    -- RFC 8785: keys in order, nulls too. Null without a request id: there is nothing to compare it with.
    case when request_id is not null then sha256(json_object(
        'consignee', consignee, 'country', country, 'device_id', device_id, 'effective_on', effective_on,
        'expires_on', expires_on, 'exporter', exporter, 'holder', holder, 'kind', kind,
        'license_no', license_no, 'programme', programme, 'quantity', quantity, 'reason', reason,
        'reference', reference, 'tpp', tpp
    )) end as body_hash
from good
