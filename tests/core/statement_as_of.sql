-- One row an entry of the UAE that had taken effect on 2026-02-10, with what these leave after each.
from statement('AE', as_of := '2026-02-10')
