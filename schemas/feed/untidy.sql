-- One row per column in which a cell has blanks at its ends, or is empty text.
select distinct column_name from held where is_untidy(value, $plain)
