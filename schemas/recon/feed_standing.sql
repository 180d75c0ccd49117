-- standing: one row per telling of what was told more than once, or other than as a plain addition.
-- `standing` is current, superseded, repeat (the same again: no change) or stale (an amendment older than the
-- one in force, or another of its number: not applied); `version` counts the tellings of a subject's line or
-- leg. `content_id` is the last telling applied that was no cancellation.
create or replace table standing as
with told_again as ( -- by a hash, which may name one too many
    select hash(subject, line_no, leg) as mark from told group by mark having count(*) > 1
    union
    select hash(subject, line_no, leg) from told where action <> 'add'
),

telling as (
    select
        t.rowid as row_id, t.subject, t.line_no, t.leg, t.run_number, t.action, t.amendment_no,
        hash(*columns(t.* exclude (subject, line_no, leg, run_number, line))) as content
    from told as t
    where hash(t.subject, t.line_no, t.leg) in (from told_again)
),

compared as (
    select
        *,
        row_number() over in_order as version,
        coalesce(lag(content) over in_order = content, false)
        or (amendment_no is not null and row_number() over alike > 1) as is_repeat
    from telling
    window
        in_order as (partition by subject, line_no, leg order by row_id),
        alike as (partition by subject, line_no, leg, content order by row_id)
),

numbered as (
    select
        *,
        max(case when not is_repeat then amendment_no end) over before_it as highest,
        count(case when not is_repeat then 1 end) over before_it as tellings_before
    from compared
    window before_it as (
        partition by subject, line_no, leg order by row_id
        rows between unbounded preceding and 1 preceding
    )
),

weighed as (
    select
        *,
        not is_repeat
        and coalesce(amendment_no < highest or (amendment_no = highest and action <> 'add'), false)
            as is_stale
    from numbered
)

select
    row_id, subject, line_no, action, amendment_no, version,
    case
        when is_repeat then 'repeat'
        when is_stale then 'stale'
        when row_id = max(case when not is_repeat and not is_stale then row_id end) over whole then 'current'
        else 'superseded'
    end as standing,
    tellings_before = 0 and action <> 'add' as is_orphan,
    max(case when not is_repeat and not is_stale and action <> 'cancel' then row_id end) over so_far
        as content_id,
    -- in one file, and not as an amendment: a snapshot has a thing once
    count(*) filter (not is_repeat and amendment_no is null) over in_file > 1 as is_twice
from weighed
window
    whole as (partition by subject, line_no, leg),
    in_file as (partition by subject, line_no, leg, run_number),
    so_far as (
        partition by subject, line_no, leg order by row_id
        rows between unbounded preceding and current row
    );
