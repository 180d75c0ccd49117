-- One row per account: what it holds in each bucket.
select quota, license_no, regime_tpp, headroom_tpp, licensed_tpp, exported_tpp, blocked_tpp
from balance
order by quota, license_no
