-- One row a license, by what had been recorded before the correction.
from licenses(known_at := '2026-03-02 00:00:00')
