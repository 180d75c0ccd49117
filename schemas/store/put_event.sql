-- One row an event that is appended.
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
