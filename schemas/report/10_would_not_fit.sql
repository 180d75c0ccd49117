-- Which requests did not fit their country's headroom?
-- Those refused for want of headroom and not posted since, the newest first, and whether they would fit now.
-- $from_day: day = all; refused on this day or later
-- $to_day: day = today; refused on this day or before
-- $country: country = all; one country
-- needs: refusal
select
    f.refused_at,
    f.country,
    c.country_name,
    f.request_id,
    f.attempt as attempts,
    f.asked_tpp,
    h100e(f.asked_tpp, r.h100_tpp) as asked_h100e,
    f.headroom_tpp as headroom_then_tpp,
    f.short_by_tpp,
    h.headroom_tpp as headroom_now_tpp,
    f.asked_tpp <= h.headroom_tpp as fits_now,
    f.actor,
    f.detail
from refusal as f
left join headroom() as h on f.country = h.country
left join country as c on f.country = c.country
cross join regime as r
where
    f.type = 'OverHeadroom'
    -- not what was to be unblocked beyond what is blocked, or allocated beyond the highest cap
    and coalesce(f.kind, '') not in ('unblock', 'allocate')
    and f.attempt = (select max(o.attempt) from refusal as o where o.request_id = f.request_id)
    and f.request_id not in (select p.request_id from entry as p)
    and ($from_day is null or f.refused_at >= $from_day::date)
    and f.refused_at < $to_day::date + 1
    and ($country is null or f.country = $country)
order by f.refused_at desc, f.country asc, f.request_id asc
