-- One row per account and bucket: what Python's fold over the entries puts there (whole TPP).
create temp table folded as from arriving;
