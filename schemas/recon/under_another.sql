-- under_another: one row per export that customs and the vendor have under another license of their country,
-- in force on its day, with what that has left once all that is drafted under it is posted.
create table under_another as
with drafted as (
    select
        x.license_no,
        sum(greatest(-x.net_tpp - x.other_tpp, 0)) as tpp
    from found as x
    where x.source in ('declarations', 'shipments') and coalesce(x.agree, '') not like 'ledger%'
    group by x.license_no
)

select
    f.rowid as found_id,
    l.tpp,
    h.outstanding_tpp - coalesce(d.tpp, 0) - sum(l.tpp) over (
        partition by f.license_no order by f.key, l.seq rows between unbounded preceding and current row
    ) as left_tpp
from found as f
inner join line as l on f.seqs[1] = l.seq
inner join said as s on l.seq = s.seq and s.source = 'shipments'
inner join license_held as h on f.license_no = h.license_no
left join drafted as d on f.license_no = d.license_no
where
    f.source = 'declarations' and f.code in ('TREATMENT', 'COUNTRY') and f.match_key is null
    and f.agree = 'declarations+shipments' and f.reason is null and l.kind = 'export' and l.is_whole
    and not exists (
        select 1
        from line as x
        where x.itn = l.itn and not differs(x.line_no, l.line_no) and x.seq <> l.seq
    )
    and coalesce(s.told_license_no = f.license_no, true) and h.country = coalesce(f.other_country, f.country)
    and l.on_day between h.issued_on and coalesce(h.released_on, h.expires_on);

update found set elsewhere_tpp = u.tpp
from under_another as u
where found.rowid = u.found_id and u.left_tpp >= 0;
