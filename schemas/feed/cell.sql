-- cell: one row per row of the file, in the file's order, as text, with the columns of its layout; `rowid`
-- counts the rows from 0. `line` is null where it follows from that order; `broken` says why a row has no
-- cells at all; `is_bad` that it has a fault.
create or replace table cell as
select null::integer as line, null::varchar as broken, false as is_bad, * from layout limit 0;

alter table cell alter column is_bad set default false;

-- document: one row per line of a JSON Lines file, before its cells are taken out.
create or replace table document (line integer, broken varchar, text varchar);

-- Unicode's White_Space, which the model strips from the ends of a text (RE2's \s is ASCII only).
create or replace macro blank() as
    '[\x09-\x0d \x85\xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]';
create or replace macro stripped(x) as
    nullif(regexp_replace(x, '^' || blank() || '+|' || blank() || '+$', '', 'g'), '');
create or replace macro is_untidy(x, plain) as
    case
        when plain then starts_with(x, ' ') or ends_with(x, ' ')
        else regexp_matches(x, '^$|^' || blank() || '|' || blank() || '$')
    end;

create or replace macro is_day(x) as
    case when x is not null then
        regexp_full_match(x, '[0-9]{4}-[0-9]{2}-[0-9]{2}') and x >= '0001' and try_cast(x as date) is not null
    end;

create or replace macro is_whole(x, most) as
    regexp_full_match(x, '0*[0-9]{1,16}') and try_cast(x as bigint) between 1 and most;

create or replace macro is_count(x, most) as
    regexp_full_match(x, '0*[0-9]{1,16}') and try_cast(x as bigint) between 0 and most;

-- A day, or an instant with its offset from UTC: meant is the day on which it was where it was written down.
create or replace macro is_local_day(x) as
    case
        when length(x) <= 10 then is_day(x)
        when x is not null then
            is_day(left(x, 10)) and try_cast(x as timestamptz) is not null and regexp_full_match(
                substr(x, 11),
                'T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])'
            )
    end;

-- What no text may hold (ledger/text.py: a test holds them together); a file known to have none of it is not
-- searched.
create or replace macro is_unfit(x, longest, plain) as
    length(x) > longest
    or length(nfc_normalize(x)) > longest  -- as it is kept
    or (
        not plain
        and regexp_matches(
            x,
            '[\x00-\x1f\x7f-\x{9f}\x{61c}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}]'
        )
    );

-- Of a text without control characters: what stands there where it may be at fault (it is empty or long, or
-- has a blank at either end), and of all others one word that is not.
create or replace macro suspected(x, longest) as
    case when x is null or x < '!' or strlen(x) > longest or ends_with(x, ' ') then x else 'x' end;

-- Of an entry, all that decides which columns it must have: its kind, and a bit for each column left empty.
create or replace macro shape(kinds, kind, license_no, device_id, quantity, tpp, expires_on, reason) as
    case when list_contains(kinds, kind) then kind else '' end
    || ':'
    || (
        (license_no is null)::integer + 2 * (device_id is null)::integer + 4 * (quantity is null)::integer
        + 8 * (tpp is null)::integer + 16 * (expires_on is null)::integer + 32 * (reason is null)::integer
    )::varchar;
