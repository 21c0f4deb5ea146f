-- System tables, in every tenant schema beside the team's own: a change, its audit event and its counter commit together.
--
-- Their history is kept apart from that of the tenant's migrations. The engine grants the tenant role INSERT alone on
-- _events, and gives _counters no workspace policy.

CREATE TABLE _events (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid,
    occurred_at  timestamptz NOT NULL DEFAULT now(),
    actor        text NOT NULL CHECK (char_length(actor) BETWEEN 1 AND 200),
    actor_kind   text NOT NULL CHECK (actor_kind IN ('user', 'api_key', 'agent', 'operator', 'system')),
    action       text NOT NULL CHECK (char_length(action) BETWEEN 1 AND 100),
    target_type  text CHECK (char_length(target_type) BETWEEN 1 AND 100),
    target_id    text CHECK (char_length(target_id) BETWEEN 1 AND 200),
    request_id   text CHECK (char_length(request_id) BETWEEN 1 AND 200),
    address      inet,
    before       jsonb,
    after        jsonb,
    position     bigint GENERATED ALWAYS AS IDENTITY,
    CONSTRAINT _events_target_is_whole CHECK (target_id IS NULL OR target_type IS NOT NULL)
);
CREATE UNIQUE INDEX _events_position ON _events (position);
COMMENT ON TABLE _events IS 'Audit events and outbox: rows are added here, then moved to public and sealed.';
COMMENT ON COLUMN _events.workspace_id IS 'null: an event of the whole tenant';
COMMENT ON COLUMN _events.actor_kind IS 'what the actor is: user, api_key, agent, operator, or system (the platform itself)';
COMMENT ON COLUMN _events.position IS 'order of arrival for the mover; transactions commit in another order, so a gap may still fill';

CREATE TABLE _idempotency (
    principal   text NOT NULL CHECK (char_length(principal) BETWEEN 1 AND 200),
    route       text NOT NULL CHECK (char_length(route) BETWEEN 1 AND 200),
    key         text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    status      smallint CHECK (status BETWEEN 200 AND 599),
    response    jsonb,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (principal, route, key),
    CONSTRAINT _idempotency_response_of_a_status CHECK (response IS NULL OR status IS NOT NULL),
    CONSTRAINT _idempotency_expires_later CHECK (expires_at > created_at)
);
COMMENT ON TABLE _idempotency IS 'Answers by idempotency key, so that a request sent twice is done once.';
COMMENT ON COLUMN _idempotency.fingerprint IS 'SHA-256 of the request body: another body under the same key is refused';
COMMENT ON COLUMN _idempotency.status IS 'HTTP status of the answer; null: still in flight';

CREATE TABLE _counters (
    -- A key of its own: without a primary key a published table refuses UPDATE, and workspace_id may be null.
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name           text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    period         text NOT NULL CHECK (char_length(period) BETWEEN 1 AND 40),
    workspace_id   uuid,
    used           bigint NOT NULL DEFAULT 0 CHECK (used >= 0),
    limit_snapshot bigint CHECK (limit_snapshot >= 0),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT _counters_one UNIQUE NULLS NOT DISTINCT (name, period, workspace_id)
);
COMMENT ON TABLE _counters IS 'Quotas in use and versions of memberships, by period.';
COMMENT ON COLUMN _counters.period IS 'the month or hour counted, or all for a count without end';
COMMENT ON COLUMN _counters.workspace_id IS 'null: the counter of the whole tenant';
COMMENT ON COLUMN _counters.limit_snapshot IS 'the limit when last counted, for display; null: unlimited. Never part of the key, or a change of plan would reset the count';
