-- The control plane: which tenants there are, where they live, what they may use, and the work that makes them.
-- Roles, grants and row-level security are not here: their names carry the installation, and `tenantry migrate-control`
-- applies them from one table in the code (core, placement/access.rs) after every migration.

CREATE TABLE installation (
    only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    prefix       text NOT NULL CHECK (prefix ~ '^tnt[0-9a-f]{8}$'),
    key_check    text NOT NULL,
    access_check text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE installation IS 'The one row that says whose database this is.';
COMMENT ON COLUMN installation.prefix IS 'Prefix of every role of this installation; roles are cluster-wide.';
COMMENT ON COLUMN installation.key_check IS 'Derived from the master key that the logins'' passwords come from; tells when they must be set anew.';
COMMENT ON COLUMN installation.access_check IS 'Fingerprint of the grants and policies that were last applied.';

CREATE TABLE locks (
    name text PRIMARY KEY
);
COMMENT ON TABLE locks IS 'Rows that the owner locks to keep its processes apart. Not advisory locks: every login can take those, a tenant''s psql session too.';

INSERT INTO locks VALUES ('set_up'), ('fill_slots'), ('new_cell'), ('database_acl');

CREATE TABLE tiers (
    name                    varchar(20) PRIMARY KEY CHECK (name IN ('free', 'starter', 'pro', 'enterprise')),
    agent_minutes_per_month bigint CHECK (agent_minutes_per_month >= 0),
    api_calls_per_hour      bigint CHECK (api_calls_per_hour >= 0),
    concurrent_tasks        bigint CHECK (concurrent_tasks >= 0),
    workspaces              bigint CHECK (workspaces >= 1),
    workspace_members       bigint CHECK (workspace_members >= 1),
    agents                  bigint CHECK (agents >= 0),
    tasks_per_month         bigint CHECK (tasks_per_month >= 0),
    storage_gb              bigint CHECK (storage_gb >= 0),
    queue_priority          smallint NOT NULL CHECK (queue_priority BETWEEN 0 AND 9),
    price_usd_per_month     numeric(10, 2) CHECK (price_usd_per_month >= 0)
);
COMMENT ON TABLE tiers IS 'What each plan allows. NULL is unlimited; a NULL price is negotiated.';

INSERT INTO tiers VALUES
    ('free',         1000,   100,    1,    1,    1,  10,   1000,    1, 0,   0.00),
    ('starter',     10000,  1000,    5,    3,    3,  50,  10000,   10, 1,  49.00),
    ('pro',        100000, 10000,   20,   10,   10, 100, 100000,   50, 2, 149.00),
    ('enterprise',   NULL,  NULL, NULL, NULL, NULL, NULL,  NULL, NULL, 3,   NULL);

CREATE TABLE shards (
    id         uuid PRIMARY KEY,
    name       varchar(63) NOT NULL UNIQUE,
    status     varchar(20) NOT NULL CHECK (status IN ('open', 'closed')),
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE shards IS 'PostgreSQL servers that hold tenant schemas. The first is the server of this database.';
COMMENT ON COLUMN shards.status IS 'open: takes new tenants. closed: keeps what it has.';

CREATE TABLE cells (
    id         integer PRIMARY KEY CHECK (id >= 1),
    shard_id   uuid NOT NULL REFERENCES shards (id),
    login      varchar(63) NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE cells IS 'Logins for tenant rows. Each is a member of the roles of at most 500 tenants, because the first SET ROLE after a grant costs time that grows with the square of the memberships.';

CREATE TABLE slots (
    id             uuid PRIMARY KEY,
    shard_id       uuid NOT NULL REFERENCES shards (id),
    cell           integer NOT NULL REFERENCES cells (id),
    schema_name    varchar(63) NOT NULL UNIQUE CHECK (schema_name ~ '^tenant_[a-z0-9_]+$'),
    role_name      varchar(63) NOT NULL UNIQUE,
    schema_version varchar(50) NOT NULL,
    template       text NOT NULL,
    state          varchar(20) NOT NULL CHECK (state IN ('ready', 'claimed', 'broken')),
    tenant_id      uuid NOT NULL UNIQUE,
    created_at     timestamptz NOT NULL DEFAULT now(),
    claimed_at     timestamptz,
    labelled       boolean NOT NULL DEFAULT false,
    fingerprint    text NOT NULL DEFAULT '',
    CHECK ((state <> 'ready') = (claimed_at IS NOT NULL))
);
CREATE INDEX slots_ready_idx ON slots (created_at) WHERE state = 'ready';
CREATE INDEX slots_cell_idx ON slots (cell);
CREATE INDEX slots_unlabelled_idx ON slots (claimed_at) WHERE state = 'claimed' AND NOT labelled;
COMMENT ON TABLE slots IS 'Schemas with their role, grants and row-level security, ready before anybody asks. A claimed slot is a tenant''s home and stays here.';
COMMENT ON COLUMN slots.state IS 'ready: nobody''s. claimed: tenant_id''s. broken: its fence did not hold when it was looked at; never handed out.';
COMMENT ON COLUMN slots.template IS 'Digest of the files that the schema was made from. A version alone does not tell two folders apart.';
COMMENT ON COLUMN slots.fingerprint IS 'Of owners, grants, policies, roles and functions when the fence was looked at as a whole. A claim that finds the same looks no further.';
COMMENT ON COLUMN slots.labelled IS 'Whether the schema carries its tenant''s slug as COMMENT, for people who look at the database; the worker writes it after the claim, which runs no DDL.';
COMMENT ON COLUMN slots.tenant_id IS 'The id that its tenant has or will have.';

CREATE TABLE tenants (
    id                     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    slug                   varchar(63) NOT NULL UNIQUE
        CHECK (slug ~ '^[a-z0-9-]+$' AND length(slug) >= 3 AND slug !~ '(^-|-$|--)'),
    name                   varchar(200) NOT NULL CHECK (length(name) >= 1),
    schema_name            varchar(63) NOT NULL UNIQUE CHECK (schema_name ~ '^tenant_[a-z0-9_]+$'),
    role_name              varchar(63) NOT NULL UNIQUE,
    shard_id               uuid REFERENCES shards (id),
    cell                   integer REFERENCES cells (id),
    schema_version         varchar(50),
    status                 varchar(20) NOT NULL CHECK (status IN ('provisioning', 'active', 'suspended', 'deleted')),
    plan_tier              varchar(20) NOT NULL DEFAULT 'free' REFERENCES tiers (name),
    allowed_domains        text[] NOT NULL DEFAULT '{}',
    api_key_hash           text,
    max_agents             integer CHECK (max_agents >= 0),
    max_tasks_per_month    integer CHECK (max_tasks_per_month >= 0),
    storage_limit_gb       integer CHECK (storage_limit_gb >= 0),
    stripe_customer_id     varchar(255),
    stripe_subscription_id varchar(255),
    admin_email            varchar(255) NOT NULL,
    created_at             timestamptz NOT NULL DEFAULT now(),
    updated_at             timestamptz NOT NULL DEFAULT now(),
    deleted_at             timestamptz,
    CHECK ((status = 'deleted') = (deleted_at IS NOT NULL)),
    CHECK (status = 'provisioning' OR (cell IS NOT NULL AND shard_id IS NOT NULL AND schema_version IS NOT NULL))
);
CREATE INDEX tenants_active_idx ON tenants (slug) WHERE status = 'active';
CREATE INDEX tenants_stripe_customer_idx ON tenants (stripe_customer_id) WHERE stripe_customer_id IS NOT NULL;
CREATE INDEX tenants_created_idx ON tenants (created_at, id);
CREATE INDEX tenants_name_idx ON tenants (name, id);
COMMENT ON TABLE tenants IS 'The registry: one row per customer organisation.';
COMMENT ON COLUMN tenants.schema_name IS 'Opaque and never reused: slugs change and come back, schemas do not.';
COMMENT ON COLUMN tenants.status IS 'provisioning: a run is at work. active: serves requests. suspended: refuses them. deleted: refuses them until purged.';
COMMENT ON COLUMN tenants.max_agents IS 'Overrides the tier; NULL is the tier''s own. So do the next two.';

CREATE TABLE workspaces (
    id          uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    slug        varchar(63) NOT NULL CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    name        varchar(200) NOT NULL CHECK (length(name) >= 1),
    is_default  boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    archived_at timestamptz,
    UNIQUE (tenant_id, slug),
    UNIQUE (tenant_id, id),
    CHECK (NOT (is_default AND archived_at IS NOT NULL))
);
CREATE UNIQUE INDEX workspaces_default_idx ON workspaces (tenant_id) WHERE is_default;
COMMENT ON TABLE workspaces IS 'Divisions inside a tenant. Row-level security in the tenant''s schema separates their rows.';

CREATE TABLE api_keys (
    id           uuid PRIMARY KEY,
    public_id    varchar(32) NOT NULL UNIQUE,
    key_hash     bytea NOT NULL UNIQUE CHECK (length(key_hash) = 32),
    tenant_id    uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    workspace_id uuid NOT NULL,
    name         varchar(100) NOT NULL CHECK (length(name) >= 1),
    role         varchar(20) NOT NULL CHECK (role IN ('viewer', 'member', 'admin')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    FOREIGN KEY (tenant_id, workspace_id) REFERENCES workspaces (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX api_keys_workspace_idx ON api_keys (tenant_id, workspace_id);
COMMENT ON TABLE api_keys IS 'Machine identities of one workspace.';
COMMENT ON COLUMN api_keys.key_hash IS 'SHA-256 of the whole key. The key holds 256 random bits, so a slow hash would add nothing.';

CREATE TABLE provisioning_runs (
    id          uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL,
    tenant_slug varchar(63) NOT NULL,
    status      varchar(20) NOT NULL
        CHECK (status IN ('pending', 'running', 'succeeded', 'rolling_back', 'rolled_back', 'needs_attention')),
    error       text,
    lease_token uuid,
    lease_until timestamptz,
    created_at  timestamptz NOT NULL,
    started_at  timestamptz,
    finished_at timestamptz,
    CHECK ((status IN ('succeeded', 'rolled_back', 'needs_attention')) = (finished_at IS NOT NULL)),
    CHECK ((lease_token IS NULL) = (lease_until IS NULL)),
    CHECK (finished_at IS NULL OR lease_token IS NULL)
);
CREATE INDEX provisioning_runs_open_idx ON provisioning_runs (created_at) WHERE finished_at IS NULL;
CREATE INDEX provisioning_runs_tenant_idx ON provisioning_runs (tenant_id, created_at);
CREATE INDEX provisioning_runs_created_idx ON provisioning_runs (created_at, id);
COMMENT ON TABLE provisioning_runs IS 'The work of making a tenant. No foreign key to tenants: a run that was undone outlives its tenant.';
COMMENT ON COLUMN provisioning_runs.status IS 'pending: waits for a worker. running, rolling_back: leased. The others are final.';
COMMENT ON COLUMN provisioning_runs.lease_token IS 'Fences the holder: every write of a run names it, so that a worker which lost its lease changes nothing.';

CREATE TABLE provisioning_steps (
    run_id      uuid NOT NULL REFERENCES provisioning_runs (id) ON DELETE CASCADE,
    position    smallint NOT NULL CHECK (position BETWEEN 1 AND 99),
    name        varchar(20) NOT NULL,
    status      varchar(20) NOT NULL CHECK (status IN ('pending', 'running', 'succeeded', 'skipped', 'failed', 'undone')),
    attempts    integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    detail      text,
    error       text,
    started_at  timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (run_id, position),
    CHECK ((status IN ('succeeded', 'skipped', 'failed', 'undone')) = (finished_at IS NOT NULL))
);
COMMENT ON TABLE provisioning_steps IS 'One row per step, written with the work that it names.';

CREATE TABLE provisioning_events (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id     uuid NOT NULL REFERENCES provisioning_runs (id) ON DELETE CASCADE,
    event      varchar(20) NOT NULL CHECK (event IN ('step', 'run')),
    data       jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX provisioning_events_run_idx ON provisioning_events (run_id, id);
COMMENT ON TABLE provisioning_events IS 'What live streams show. The id is the event id that a client resumes from.';

CREATE TABLE psql_sessions (
    id           uuid PRIMARY KEY,
    tenant_id    uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    login        varchar(63) NOT NULL UNIQUE,
    role_name    varchar(63) NOT NULL,
    verifier     text NOT NULL,
    status       varchar(20) NOT NULL CHECK (status IN ('requested', 'open', 'failed', 'ended')),
    error        text,
    requested_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    CHECK ((status = 'ended') = (ended_at IS NOT NULL))
);
CREATE INDEX psql_sessions_live_idx ON psql_sessions (expires_at) WHERE status IN ('requested', 'open');
COMMENT ON TABLE psql_sessions IS 'Temporary logins of `tenant psql`. The server asks, the worker, which alone may make roles, makes and drops them.';
COMMENT ON COLUMN psql_sessions.verifier IS 'SCRAM verifier of the password; cleared when the login is made.';

CREATE TABLE audit_events (
    id          uuid PRIMARY KEY,
    occurred_at timestamptz NOT NULL,
    tenant_id   uuid,
    actor_kind  varchar(20) NOT NULL CHECK (actor_kind IN ('operator', 'api_key', 'user', 'system')),
    actor       text NOT NULL,
    action      varchar(60) NOT NULL CHECK (action ~ '^[a-z_]+\.[a-z_]+$'),
    target_kind varchar(40) NOT NULL,
    target      text NOT NULL,
    request_id  text,
    address     inet,
    before      jsonb,
    after       jsonb
);
CREATE INDEX audit_events_tenant_idx ON audit_events (tenant_id, occurred_at, id);
CREATE INDEX audit_events_time_idx ON audit_events (occurred_at, id);
COMMENT ON TABLE audit_events IS 'Who did what. Written in the transaction of the deed; no login may change or remove a row.';
COMMENT ON COLUMN audit_events.tenant_id IS 'No foreign key: the trail outlives the tenant.';
