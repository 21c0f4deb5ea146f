-- What the console shows of many tenants at once: sizes and times that cannot be asked of each tenant for every page.

CREATE TABLE tenant_samples (
    tenant_id        uuid PRIMARY KEY,
    schema_bytes     bigint NOT NULL CHECK (schema_bytes >= 0),
    last_activity_at timestamptz,
    sampled_at       timestamptz NOT NULL
);
COMMENT ON TABLE tenant_samples IS 'What each tenant weighs and when something last happened in it, as a worker saw it some minutes ago. No foreign key: a sample must keep no purge waiting; those of tenants that are gone are removed with the next samples.';
COMMENT ON COLUMN tenant_samples.schema_bytes IS 'Tables, indexes and TOAST of its schema.';
COMMENT ON COLUMN tenant_samples.last_activity_at IS 'When one of its keys was last used or an event of its trail was sealed, whichever is later.';

-- Refusals of the last day are counted for the first page that operators see.
CREATE INDEX audit_events_refusals_idx ON audit_events (sealed_at) WHERE action = 'tenant.mismatch';
