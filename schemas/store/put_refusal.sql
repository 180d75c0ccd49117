-- One row per refusal that is kept.
insert into refusal (
    request_id,
    attempt,
    body_hash,
    problem,
    refused_at,
    actor
) values (
    :request_id,
    :attempt,
    :body_hash,
    :problem,
    :refused_at,
    :actor
)
