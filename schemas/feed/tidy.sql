-- Strips blanks from the ends of every cell; what is then empty is nothing.
update cell set
    kind = stripped(kind), country = stripped(country), effective_on = stripped(effective_on),
    license_no = stripped(license_no), device_id = stripped(device_id), quantity = stripped(quantity),
    tpp = stripped(tpp), expires_on = stripped(expires_on), request_id = stripped(request_id),
    consignee = stripped(consignee), exporter = stripped(exporter), reference = stripped(reference),
    reason = stripped(reason), programme = stripped(programme), holder = stripped(holder)
where
    is_untidy(kind, $plain)
    or is_untidy(country, $plain)
    or is_untidy(effective_on, $plain)
    or is_untidy(license_no, $plain)
    or is_untidy(device_id, $plain)
    or is_untidy(quantity, $plain)
    or is_untidy(tpp, $plain)
    or is_untidy(expires_on, $plain)
    or is_untidy(request_id, $plain)
    or is_untidy(consignee, $plain)
    or is_untidy(exporter, $plain)
    or is_untidy(reference, $plain)
    or is_untidy(reason, $plain)
    or is_untidy(programme, $plain)
    or is_untidy(holder, $plain)
