-- One row a license as it might be: its state on 2026-06-30.
select
    v.situation,
    license_state(v.licensed_tpp, v.outstanding_tpp, v.released_reason, v.expires_on::date, date '2026-06-30') as license_state
from (
    values
        ('in force', 10, 10, null, '2026-06-30'),
        ('in force, reduced', 10, 5, 'reduced', '2026-12-31'),
        ('used up', 10, 0, null, '2026-12-31'),
        ('past its day', 10, 10, null, '2026-06-29'),
        ('past its day, used up', 10, 0, null, '2026-06-29'),
        ('given back as expired', 10, 0, 'expired', '2026-06-29'),
        ('revoked', 10, 0, 'revoked', '2026-12-31'),
        ('surrendered', 10, 0, 'surrendered', '2026-12-31'),
        ('superseded', 10, 0, 'superseded', '2026-12-31'),
        ('given back for another reason', 10, 0, 'typed', '2026-12-31'),
        ('undone', 0, 0, null, null)
) as v (situation, licensed_tpp, outstanding_tpp, released_reason, expires_on)
