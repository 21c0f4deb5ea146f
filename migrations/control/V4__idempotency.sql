-- Answers by idempotency key, for operators; a tenant's own are in its schema (_idempotency).

CREATE TABLE idempotency_keys (
    principal   text NOT NULL CHECK (char_length(principal) BETWEEN 1 AND 200),
    route       text NOT NULL CHECK (char_length(route) BETWEEN 1 AND 200),
    key         text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    status      smallint CHECK (status BETWEEN 200 AND 299),
    response    jsonb,
    seed_check  bytea CHECK (octet_length(seed_check) = 32),
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (principal, route, key),
    CONSTRAINT idempotency_keys_answer_is_whole CHECK ((status IS NULL) = (response IS NULL)),
    CONSTRAINT idempotency_keys_expires_later CHECK (expires_at > created_at)
);
CREATE INDEX idempotency_keys_expires_idx ON idempotency_keys (expires_at);
COMMENT ON TABLE idempotency_keys IS 'What was answered to a request, so that the same request sent twice is done once. Written in the transaction of the deed.';
COMMENT ON COLUMN idempotency_keys.principal IS 'Who asked: the actor as in audit_events.';
COMMENT ON COLUMN idempotency_keys.route IS 'Method and route template.';
COMMENT ON COLUMN idempotency_keys.fingerprint IS 'SHA-256 of method, path and body: another request under the same key is refused.';
COMMENT ON COLUMN idempotency_keys.status IS 'HTTP status of the answer; NULL only inside the transaction of the deed.';
COMMENT ON COLUMN idempotency_keys.response IS 'What the answer is made of again: never a secret, and of a run only its id.';
COMMENT ON COLUMN idempotency_keys.seed_check IS 'SHA-256 of the seed that a secret of the answer is derived from; tells whether the master key still gives the same.';
COMMENT ON COLUMN idempotency_keys.expires_at IS 'From then on the key is as good as new; the row is swept.';
