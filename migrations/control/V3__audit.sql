-- The audit trail, sealed: deeds arrive in one table, and one hand chains them into another.
--
-- Writers append to audit_unsealed in the deed's own transaction and wait for nobody. The sealer alone, as the owner, moves rows on to
-- audit_events, gives each its place and its hash, and writes down the head of each chain.

CREATE TABLE audit_unsealed (
    arrived      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           uuid NOT NULL,
    occurred_at  timestamptz NOT NULL,
    tenant_id    uuid,
    workspace_id uuid,
    actor_kind   varchar(20) NOT NULL CHECK (actor_kind IN ('operator', 'api_key', 'user', 'agent', 'system')),
    actor        text NOT NULL,
    action       varchar(100) NOT NULL CHECK (action <> ''),
    target_kind  varchar(100),
    target       text,
    request_id   text,
    address      inet,
    before       jsonb,
    after        jsonb,
    CONSTRAINT audit_unsealed_target_is_whole CHECK (target IS NULL OR target_kind IS NOT NULL)
);

-- What was written before goes the way of all that is new: it is sealed by the next worker.
INSERT INTO audit_unsealed (id, occurred_at, tenant_id, actor_kind, actor, action, target_kind, target, request_id, address, before, after)
SELECT id, occurred_at, tenant_id, actor_kind, actor, action, target_kind, target, request_id, address, before, after
FROM audit_events ORDER BY occurred_at, id;
DROP TABLE audit_events;
COMMENT ON TABLE audit_unsealed IS 'Who did what, not sealed yet. Written in the transaction of the deed, or moved here from a tenant''s _events; the sealer moves rows on to audit_events.';
COMMENT ON COLUMN audit_unsealed.arrived IS 'Order of arrival; transactions commit in another order, so a gap may still fill.';
COMMENT ON COLUMN audit_unsealed.id IS 'Not unique: a tenant''s role chooses the ids of its own events, and must not be able to stop the trail with one.';
COMMENT ON COLUMN audit_unsealed.tenant_id IS 'No foreign key: the trail outlives the tenant. NULL: a deed that concerns the platform alone.';

CREATE TABLE audit_events (
    position     bigint NOT NULL CHECK (position >= 1),
    chain        uuid NOT NULL,
    seq          bigint NOT NULL CHECK (seq >= 1),
    sealed_at    timestamptz NOT NULL,
    prev_hash    bytea NOT NULL CHECK (length(prev_hash) = 32),
    hash         bytea NOT NULL CHECK (length(hash) = 32),
    arrived      bigint NOT NULL,
    id           uuid NOT NULL,
    occurred_at  timestamptz NOT NULL,
    tenant_id    uuid,
    workspace_id uuid,
    actor_kind   varchar(20) NOT NULL,
    actor        text NOT NULL,
    action       varchar(100) NOT NULL,
    target_kind  varchar(100),
    target       text,
    request_id   text,
    address      inet,
    before       jsonb,
    after        jsonb,
    CONSTRAINT audit_events_chain_is_its_tenants CHECK (chain = coalesce(tenant_id, '00000000-0000-0000-0000-000000000000')),
    -- Uniqueness within a partition. Across partitions it is the lock on the chain's head that numbers one event after the other.
    PRIMARY KEY (chain, seq, sealed_at)
) PARTITION BY RANGE (sealed_at);
CREATE INDEX audit_events_position_idx ON audit_events (position);
CREATE INDEX audit_events_chain_idx ON audit_events (chain, position);
COMMENT ON TABLE audit_events IS 'The sealed trail. No login may change or remove a row, and the owner is refused too; months are partitions in schema audit, made ahead by the sealer.';
COMMENT ON COLUMN audit_events.position IS 'Order of sealing across all chains. Given under the one row of audit_sealing, so that a lower position never appears after a higher one.';
COMMENT ON COLUMN audit_events.chain IS 'The tenant, or the nil uuid for deeds that concern the platform alone.';
COMMENT ON COLUMN audit_events.seq IS '1, 2, 3, … within the chain, without gaps.';
COMMENT ON COLUMN audit_events.hash IS 'SHA-256 of prev_hash and every other column, encoded as docs/guides/audit.md says.';

-- Partitions live where no login may look: they are reached through their parent, whose rules hold for all of them.
CREATE SCHEMA audit;
COMMENT ON SCHEMA audit IS 'Partitions of public.audit_events.';

CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
REVOKE ALL ON FUNCTION audit.refuse() FROM PUBLIC;
CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER audit_events_no_truncate BEFORE TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

CREATE TABLE audit_heads (
    chain     uuid PRIMARY KEY,
    seq       bigint NOT NULL CHECK (seq >= 0),
    hash      bytea NOT NULL CHECK (length(hash) = 32),
    sealed_at timestamptz NOT NULL,
    slug      varchar(63)
);
CREATE INDEX audit_heads_slug_idx ON audit_heads (slug) WHERE slug IS NOT NULL;
COMMENT ON TABLE audit_heads IS 'Where each chain ends. Locked by the sealer while it adds to the chain; no writer of deeds ever touches it.';
COMMENT ON COLUMN audit_heads.slug IS 'What the tenant was called when it was last sealed, so that its trail is found after it is gone.';

CREATE TABLE audit_sealing (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint NOT NULL DEFAULT 0 CHECK (position >= 0)
);
INSERT INTO audit_sealing DEFAULT VALUES;
COMMENT ON TABLE audit_sealing IS 'The one row that a sealer locks: one at a time, whatever the number of workers.';

CREATE TABLE audit_sweep (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    after     uuid,
    looked_at timestamptz,
    hurry     boolean NOT NULL DEFAULT true
);
INSERT INTO audit_sweep DEFAULT VALUES;
COMMENT ON TABLE audit_sweep IS 'Where the look at every tenant''s _events goes on, in order of tenants'' ids.';
COMMENT ON COLUMN audit_sweep.after IS 'The last tenant that was looked at; NULL: begin again.';
COMMENT ON COLUMN audit_sweep.hurry IS 'A worker has just started: look at everybody soon, then go on at a walk.';

CREATE TABLE audit_due (
    tenant_id uuid PRIMARY KEY,
    noted_at  timestamptz NOT NULL
);
COMMENT ON TABLE audit_due IS 'Tenants whose _events have rows to move, as far as anybody knows. For speed: the sweep finds what was never noted.';
