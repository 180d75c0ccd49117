-- What was put right: what, why, by whom, and with what effect?
-- One row per entry that was undone, with what took its place, and what both did to its country's headroom.
-- $from_day: day = all; put right on this day or later
-- $to_day: day = today; put right on this day or before
-- $country: country = all; one country
select
    u.seq,
    u.recorded_at,
    u.country::varchar as country,
    c.country_name,
    w.seq as undone_seq,
    w.kind::varchar as undone_kind,
    w.license_no,
    w.effective_on,
    w.tpp as undone_tpp,
    n.seq as instead_seq,
    n.kind::varchar as instead_kind,
    n.tpp as instead_tpp,
    u.to_headroom_tpp + case when n.country = u.country then n.to_headroom_tpp else 0 end as net_headroom_tpp,
    date_diff('day', w.recorded_at::date, u.recorded_at::date) as stood_days,
    u.reason,
    w.actor as undone_actor,
    u.actor,
    u.approver,
    n.country::varchar as instead_country
from correction as k
inner join entry as u on k.undoing_seq = u.seq
inner join entry as w on k.undone_seq = w.seq
left join entry as n on k.instead_seq = n.seq
inner join country as c on u.country::varchar = c.country
where
    ($from_day is null or u.recorded_at >= $from_day::date)
    and u.recorded_at < $to_day::date + 1
    and ($country is null or u.country::varchar = $country)
order by u.seq
