-- Gives the account of a license number, under which nothing stands, to another country's quota.
update balance set quota = :quota where license_no = :license_no and license_no <> ''
