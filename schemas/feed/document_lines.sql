-- One row: how many lines hold nothing.
select count(*) filter (text is null or regexp_full_match(text, blank() || '*')) as empty_lines from document
