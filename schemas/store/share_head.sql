-- From now on people have roles in this ledger; there is no way back.
update head set shared = 1
