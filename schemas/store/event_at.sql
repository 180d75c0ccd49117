-- One row or none: the hash of one event.
select hash from event where seq = :seq
