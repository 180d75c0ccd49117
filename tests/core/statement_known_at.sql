-- One row an entry of India recorded by the end of February, before the license was corrected.
from statement('IN', known_at := '2026-02-28 23:59:59.999999')
