-- One row per event that is appended.
insert into event (
    seq,
    recorded_at,
    actor,
    topic,
    subject,
    action,
    detail,
    prev_hash,
    hash
) values (
    :seq,
    :recorded_at,
    :actor,
    :topic,
    :subject,
    :action,
    :detail,
    :prev_hash,
    :hash
)
