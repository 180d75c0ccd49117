-- One row per account that is missing, that no entry made, or that keeps another approver of its overdraft
-- than its entries have. `seq` is the account's last entry.
with account as (
    select
        f.quota,
        f.license_no,
        bool_and(f.tpp = 0) as is_empty
    from folded as f
    group by f.quota, f.license_no
),

doubtful as (
    select s.quota
    from stored as s
    where s.license_no = '' and (s.headroom < 0 or s.overdraft_approver is not null)
),

last_covered as (
    select
        e.quota,
        max(e.seq) filter (e.headroom_after_tpp >= 0) as seq
    from entry as e
    where e.quota in (select d.quota from doubtful as d)
    group by e.quota
),

-- who first approved the overdraft that lasts: since then headroom was never zero or more
overdrawn as (
    select
        e.quota,
        arg_min(e.approver, e.seq) as approver
    from entry as e
    inner join last_covered as c on e.quota = c.quota
    where e.seq > coalesce(c.seq, 0)
    group by e.quota
),

-- whose number another country has now: nothing stands of it here
left_behind as (
    select
        a.quota,
        a.license_no
    from account as a
    inner join stored as s on a.license_no = s.license_no and a.quota <> s.quota
    anti join entry as e
        on
            a.quota = e.quota
            and a.license_no = e.license_no
            and e.kind = 'license'
            and e.reverses_seq is null
            and e.seq not in (select u.reverses_seq from entry as u where u.reverses_seq is not null)
    where a.license_no <> '' and a.is_empty
),

differing as (
    select
        s.quota,
        s.license_no,
        'an overdraft approved by ' || coalesce(o.approver, 'nobody') as expected,
        'an overdraft approved by ' || coalesce(s.overdraft_approver, 'nobody') as found
    from stored as s
    left join overdrawn as o on s.quota = o.quota
    where s.license_no = '' and s.overdraft_approver is distinct from o.approver
    union all
    select
        a.quota,
        a.license_no,
        'an account' as expected,
        'none' as found
    from account as a
    anti join stored as s on a.quota = s.quota and a.license_no = s.license_no
    anti join left_behind as b on a.quota = b.quota and a.license_no = b.license_no
    union all
    select
        s.quota,
        s.license_no,
        'an account that has entries' as expected,
        'one that has none' as found
    from stored as s
    anti join account as a on s.quota = a.quota and s.license_no = a.license_no
)

select
    max(e.seq) as seq,
    concat_ws(' ', d.quota, nullif(d.license_no, '')) || ': ' || d.expected as expected,
    concat_ws(' ', d.quota, nullif(d.license_no, '')) || ': ' || d.found as found
from differing as d
left join entry as e on d.quota = e.quota and (d.license_no = '' or d.license_no = e.license_no)
group by d.quota, d.license_no, d.expected, d.found
order by max(e.seq), d.quota, d.license_no
limit $most::bigint
