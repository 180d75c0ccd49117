-- One row: the day by the ledger's own clock.
update today set on_day = $today::date
