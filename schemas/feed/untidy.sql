-- One row: of each column, whether a cell has blanks at its ends, or is empty text.
select bool_or(is_untidy(columns(lambda name: list_contains($names, name)), $plain)) from cell
